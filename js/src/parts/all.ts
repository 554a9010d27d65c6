/** The parts of the live valuation panel, in the order of their places. */

import { makeAgain } from './again';
import { makeStability } from './stability';
import { makeColumns } from './columns';
import { makeEdits } from './edits';
import { makeLanguage } from './expression/wanted';
import { makeFilters } from './filters';
import { makeLater } from './later';
import { Called } from './later/words';
import { makePaper } from './paper';
import type { MakePart, PartMessage } from './part';
import { makeView } from './view';

/** There is something to be seen of a point in its column. */
const offersSomething = ({ kind, body }: PartMessage): boolean =>
  kind === 'offered' && Object.values(body).includes(true);

export const PARTS: readonly MakePart[] = [
  (hub) => makeFilters(hub, true),
  makeLanguage,
  makeColumns,
  makeEdits,
  makeStability,
  makeLater('pictures', { turned: true, room: ['overview', 249] }),
  makeLater('whatif', { seen: true, room: ['overview', 147], called: Called.whatIf }),
  makeLater('tests', { seen: true, room: ['overview', 40], called: Called.tests }),
  makeLater('previews', { turned: true, heard: offersSomething }),
  makeLater('around', { turned: true }),
  makePaper,
  makeView, // takes the columns that Python kept before `again` adds one
  makeAgain,
];
