/** How numbers are spread: their ends, and how many of them lie in each of some equal bins. Pure. */

import { LIVE } from './here';

export interface Histogram {
  readonly lo: number;
  readonly hi: number;
  readonly width: number;
  readonly counts: Uint32Array;
  readonly known: number;
}

/** What a chart of the values shows. */
export interface HistogramData {
  histogram: Histogram | null;
  threshold: number | null;
  range: readonly [number, number] | null;
  n: number;
  unit: string;
}

/** Smallest and largest finite number, null when there is none. */
export function extent(numbers: ArrayLike<number>): [number, number] | null {
  let lo = Infinity;
  let hi = -Infinity;
  for (let i = 0; i < numbers.length; i++) {
    const x = numbers[i]!;
    if (x - x === 0) {
      lo = x < lo ? x : lo;
      hi = x > hi ? x : hi;
    }
  }
  return lo <= hi ? [lo, hi] : null;
}

/**
 * Counts in about `bins` equal bins; an edge falls on `split` when that lies inside, so a bar has one colour. `beside`:
 * other numbers that the bins are to reach as well.
 */
export function histogram(
  numbers: ArrayLike<number>,
  bins: number,
  split: number | null,
  beside: ArrayLike<number> | null = null
): Histogram | null {
  const range = extent(numbers);
  if (range === null) {
    return null;
  }
  let [lo, hi] = range;
  const more = LIVE && beside !== null ? extent(beside) : null;
  if (LIVE && more !== null) {
    [lo, hi] = [Math.min(lo, more[0]), Math.max(hi, more[1])];
  }
  if (lo === hi) {
    const half = Math.abs(lo) * 0.05 || 0.5;
    [lo, hi] = [lo - half, hi + half];
  }
  const width = (hi - lo) / bins;
  if (split !== null && split > lo && split < hi) {
    lo = split - Math.ceil((split - lo) / width - 1e-9) * width;
    hi = split + Math.ceil((hi - split) / width - 1e-9) * width;
  }
  const n = Math.round((hi - lo) / width);
  const counts = new Uint32Array(n);
  let known = 0;
  for (let i = 0; i < numbers.length; i++) {
    const x = numbers[i]!;
    if (x - x === 0) {
      counts[Math.min(n - 1, Math.max(0, Math.floor((x - lo) / width)))]! += 1;
      known += 1;
    }
  }
  return { lo, hi, width, counts, known };
}
