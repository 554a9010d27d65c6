/** Which numbers a brush takes on the bars of a small chart: always whole bars. Pure. */

import type { Histogram } from '../../histogram';

export type Range = readonly [number, number];

/** From one bar's edge to another's; where each bar is one whole number, from the first of them to the last. */
export function snap({ lo, hi, width }: Histogram, whole: boolean, a: number, b: number): Range {
  const start = Math.max(lo, lo + Math.floor((Math.min(a, b) - lo) / width + 1e-6) * width);
  const end = Math.min(hi, lo + Math.ceil((Math.max(a, b) - lo) / width - 1e-6) * width);
  return whole ? [Math.ceil(start), Math.floor(end)] : [start, end];
}

/** The bar that a number falls into; of an edge it is the bar above, as under the pointer. */
export function barAt(bars: Histogram, whole: boolean, x: number): Range {
  const { lo, width, counts } = bars;
  const bar = Math.min(counts.length - 1, Math.floor((x - lo) / width + 1e-6));
  const middle = lo + (bar + 0.5) * width;
  return snap(bars, whole, middle, middle);
}

/** The upper end, or the `lower`, so many bars further; what would be no bar stays as it was. */
export function moved(
  bars: Histogram,
  whole: boolean,
  range: Range | null,
  step: number,
  lower: boolean
): Range {
  const { lo, hi, width } = bars;
  const half = whole ? 0.5 : 0;
  const [a, b] = range === null ? [lo, hi] : [range[0] - half, range[1] + half];
  const by = step * width;
  const next = snap(bars, whole, Math.max(lo, lower ? a + by : a), Math.min(hi, lower ? b : b + by));
  return next[1] - next[0] + 2 * half < width / 2 ? (range ?? next) : next;
}
