/** The parts of the live valuation panel, in the order of their places. */

import type { MakePart } from './part';

export const PARTS: readonly MakePart[] = [];
