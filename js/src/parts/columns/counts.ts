/** What the small charts in the header show: counts in bins, or of classes. Pure; counted once per change of the data. */

import type { Ranks } from '../../columns';
import { extent, histogram, type Histogram } from '../../histogram';
import type { Points } from '../../points';
import { fieldOf } from './fields';
import type { ColumnId } from '../../columns';

const BINS = 22;
/** More classes than these are not told apart in the width of a column: the most frequent are shown. */
const MOST = 20;

export interface ClassCounts {
  readonly names: readonly string[];
  readonly counts: readonly number[];
  /** How many classes there are. */
  readonly all: number;
}

export type Mini =
  | {
      readonly kind: 'number';
      readonly histogram: Histogram | null;
      /** Each bar is one whole number, half of it to either side. */
      readonly whole: boolean;
    }
  | ({ readonly kind: 'class' } & ClassCounts);

/** Null where a column has neither numbers nor classes. `ready`: the histogram of the values, which there is anyway. */
export function miniOf(points: Points, ranks: Ranks, id: ColumnId, ready: Histogram | null): Mini | null {
  if (id === 'value' && ready !== null) {
    return { kind: 'number', histogram: ready, whole: false };
  }
  const field = fieldOf(points, ranks, id);
  if (field?.kind === 'number') {
    const each = countWhole(field.numbers);
    const split = id === 'value' ? points.status.threshold : null;
    return { kind: 'number', histogram: each ?? histogram(field.numbers, BINS, split), whole: each !== null };
  }
  return field?.kind === 'class' ? { kind: 'class', ...countClasses(field.classes, field.codes) } : null;
}

/** A bar for each whole number where there are few; null where there are others, or many. */
function countWhole(numbers: ArrayLike<number>): Histogram | null {
  const range = extent(numbers);
  if (range === null || range[1] - range[0] >= BINS || !Number.isInteger(range[0])) {
    return null;
  }
  const [lo, hi] = range;
  const counts = new Uint32Array(hi - lo + 1);
  let known = 0;
  for (let row = 0; row < numbers.length; row++) {
    const x = numbers[row]!;
    if (Number.isInteger(x)) {
      counts[x - lo]! += 1;
      known += 1;
    } else if (!Number.isNaN(x)) {
      return null;
    }
  }
  return { lo: lo - 0.5, hi: hi + 0.5, width: 1, counts, known };
}

export function countClasses(classes: readonly string[], codes: ArrayLike<number>): ClassCounts {
  const counts = new Uint32Array(classes.length);
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row]!;
    if (code < counts.length) {
      counts[code]! += 1;
    }
  }
  let shown = [...counts.keys()];
  if (shown.length > MOST) {
    shown.sort((a, b) => counts[b]! - counts[a]! || a - b);
    shown = shown.slice(0, MOST);
  }
  return { names: shown.map((i) => classes[i]!), counts: shown.map((i) => counts[i]!), all: classes.length };
}
