/** The values in order, thinned out to what a picture can show. Pure. */

import type { Ranks } from '../../columns';

/** One entry for each column of pixels. */
export interface Heights {
  readonly value: Float32Array;
  /** 0 where it is not known. */
  readonly stderr: Float32Array;
}

export interface Curve extends Heights {
  /** Whether any of its points passes the filters, is selected. */
  readonly shown: Uint8Array;
  readonly selected: Uint8Array;
}

/** The row with each rank, the lowest value first. */
export function rowsByRank({ rank, known, order }: Ranks): Uint32Array {
  if (order !== undefined) {
    return order.subarray(0, known);
  }
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

/** `held`: what does not change with filters and selection, where it was computed before. */
export function decimate(
  rows: Uint32Array,
  value: ArrayLike<number>,
  stderr: ArrayLike<number>,
  shown: ArrayLike<number>,
  selected: ArrayLike<number>,
  columns: number,
  held: Heights = heights(rows, value, stderr, columns)
): Curve {
  const k = held.value.length;
  return { ...held, shown: anyOf(rows, shown, k), selected: anyOf(rows, selected, k) };
}

/** The mean of the values in each column of pixels, and of the errors that are known. */
export function heights(
  rows: Uint32Array,
  value: ArrayLike<number>,
  stderr: ArrayLike<number>,
  columns: number
): Heights {
  const k = Math.max(0, Math.min(columns, rows.length));
  const found = { value: new Float32Array(k), stderr: new Float32Array(k) };
  for (let j = 0; j < k; j++) {
    const to = end(rows, j, k);
    const from = end(rows, j - 1, k);
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
    }
    found.value[j] = sum / (to - from);
    found.stderr[j] = known > 0 ? errors / known : 0;
  }
  return found;
}

function anyOf(rows: Uint32Array, mark: ArrayLike<number>, k: number): Uint8Array {
  const found = new Uint8Array(k);
  for (let j = 0; j < k; j++) {
    const to = end(rows, j, k);
    let any = 0;
    for (let i = end(rows, j - 1, k); i < to && any === 0; i++) {
      any = mark[rows[i]!]!;
    }
    found[j] = any;
  }
  return found;
}

/** Behind the last rank of a column of pixels. */
function end(rows: Uint32Array, column: number, k: number): number {
  return Math.floor(((column + 1) * rows.length) / k);
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
