/** What the small charts in the header show: counts in bins, or of classes. Pure; counted once per change of the data. */

import { histogram, type Histogram, type Ranks } from '../../columns';
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
  | { readonly kind: 'number'; readonly histogram: Histogram | null }
  | ({ readonly kind: 'class' } & ClassCounts);

/** Null where a column has neither numbers nor classes. `ready`: the histogram of the values, which there is anyway. */
export function miniOf(points: Points, ranks: Ranks, id: ColumnId, ready: Histogram | null): Mini | null {
  if (id === 'value' && ready !== null) {
    return { kind: 'number', histogram: ready };
  }
  const field = fieldOf(points, ranks, id);
  if (field?.kind === 'number') {
    return {
      kind: 'number',
      histogram: histogram(field.numbers, BINS, id === 'value' ? points.status.threshold : null),
    };
  }
  return field?.kind === 'class' ? { kind: 'class', ...countClasses(field.classes, field.codes) } : null;
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
