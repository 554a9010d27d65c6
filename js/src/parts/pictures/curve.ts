/** The values in order, thinned out to what a picture can show. Pure. */

import type { Ranks } from '../../columns';

/** One entry for each column of pixels. */
export interface Curve {
  readonly value: Float32Array;
  /** 0 where it is not known. */
  readonly stderr: Float32Array;
  /** Whether any of its points passes the filters, is selected. */
  readonly shown: Uint8Array;
  readonly selected: Uint8Array;
}

/** The row with each rank, the lowest value first. */
export function rowsByRank({ rank, known }: Ranks): Uint32Array {
  const rows = new Uint32Array(rank.length);
  let last = 0;
  for (let row = 0; row < rank.length; row++) {
    const r = rank[row]!;
    if (r > 0) {
      rows[r - 1] = row;
      last = r > last ? r : last;
    }
  }
  return rows.subarray(0, Math.min(last, known));
}

export function decimate(
  rows: Uint32Array,
  value: ArrayLike<number>,
  stderr: ArrayLike<number>,
  shown: ArrayLike<number>,
  selected: ArrayLike<number>,
  columns: number
): Curve {
  const k = Math.max(0, Math.min(columns, rows.length));
  const curve = {
    value: new Float32Array(k),
    stderr: new Float32Array(k),
    shown: new Uint8Array(k),
    selected: new Uint8Array(k),
  };
  for (let j = 0; j < k; j++) {
    const from = Math.floor((j * rows.length) / k);
    const to = Math.floor(((j + 1) * rows.length) / k);
    let sum = 0;
    let errors = 0;
    let known = 0;
    for (let i = from; i < to; i++) {
      const row = rows[i]!;
      sum += value[row]!;
      const se = stderr[row]!;
      if (se >= 0) {
        errors += se;
        known += 1;
      }
      curve.shown[j]! |= shown[row]!;
      curve.selected[j]! |= selected[row]!;
    }
    curve.value[j] = sum / (to - from);
    curve.stderr[j] = known > 0 ? errors / known : 0;
  }
  return curve;
}

/** The first rank whose value is not below the threshold: how many are. */
export function countBelow(rows: Uint32Array, value: ArrayLike<number>, threshold: number): number {
  let lo = 0;
  let hi = rows.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (value[rows[mid]!]! < threshold) {
      lo = mid + 1;
    } else {
      hi = mid;
    }
  }
  return lo;
}
