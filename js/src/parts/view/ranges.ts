/** Rows as ranges. Pure. */

/** [from, to, from, to, ...], ascending, each `to` behind its last row. */
export function rangesOf(rows: Iterable<number>): number[] {
  const ends: number[] = [];
  for (const row of [...rows].sort((a, b) => a - b)) {
    if (ends.at(-1) === row) {
      ends[ends.length - 1] = row + 1;
    } else {
      ends.push(row, row + 1);
    }
  }
  return ends;
}
