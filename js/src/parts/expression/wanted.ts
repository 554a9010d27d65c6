/** When the language of expressions comes: when somebody turns to the panel, and at once where an expression filters. */

import { makeLater } from '../later';
import { Called } from '../later/words';
import { moduleOf } from '../module';
import type { MakePart, Part } from '../part';
import { speak, spoken } from './language';

/** Whoever waits for it is told, too, that it did not load. */
async function load(source: string): Promise<unknown> {
  if (spoken().language !== null) {
    return (): Part => ({}); // another panel of the page had it loaded meanwhile
  }
  try {
    return await moduleOf(source);
  } catch (error) {
    speak({ failed: true });
    throw error;
  }
}

/** Nothing where the language is here: another panel of the page had it loaded. */
export const makeLanguage: MakePart = (hub) => {
  if (spoken().language !== null) {
    return {};
  }
  const { overview, ...part } = makeLater(
    'expression',
    {
      turned: true,
      called: Called.language,
      needed: ({ state }) => Boolean(state.filters.more?.expression),
    },
    load
  )(hub);
  return { ...part, bar: overview ?? [] }; // why it did not load is said beside the field
};
