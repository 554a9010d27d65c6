/** The parts of the live valuation panel, in the order of their places. */

import { makeAgain } from './again';
import { makeColumns } from './columns';
import { makeEdits } from './edits';
import { makeFilters } from './filters';
import { createOffered } from './filters/offered';
import { makeLater } from './later';
import { makePaper } from './paper';
import type { MakePart } from './part';

export const PARTS: readonly MakePart[] = [
  (hub) => makeFilters(hub, createOffered(hub)),
  makeColumns,
  makeEdits,
  makeLater('pictures'),
  makeLater('whatif'),
  makeLater('tests'),
  makeLater('previews'),
  makeLater('around'),
  makePaper,
  makeAgain,
  makeLater('view'),
];
