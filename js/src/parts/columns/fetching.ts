/** Features that come when the page asks for them: which there are, and each is asked for once. */

import { texts } from '../../read';
import { guarded } from '../guarded';
import type { PartSource } from '../part';

/** How the id of the column begins that one becomes. */
export const FEATURE = 'feature:';
export const NAME = 'columns';

/** `of`: all of them, or those that hold numbers. `told`: what to do once they are told. */
export function createFetching(source: PartSource, of: 'names' | 'numbers', told?: () => void) {
  let offered: readonly string[] = [];
  const asked = new Set<string>();
  const end = source.hear(NAME, ({ kind, body }) => {
    if (kind === 'offered') {
      guarded(source, () => (offered = texts(body, of)));
      asked.clear(); // it may be told anew: what was asked for may have gone astray
      told?.();
    }
  });
  return {
    offered: () => offered,
    /** Whether it is on its way now. */
    want: (name: string): boolean => {
      if (offered.includes(name) && !asked.has(name)) {
        asked.add(name);
        source.ask(NAME, { what: 'feature', name });
      }
      return asked.has(name);
    },
    end,
  };
}
