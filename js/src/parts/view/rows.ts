/** Rows as other programs take them: a line of Python, CSV. Pure. */

import type { Ranks } from '../../columns';
import type { Column } from '../../layout';
import type { Points } from '../../points';
import { writtenColumns } from '../columns/spreadsheet';

export function pythonOf(rows: Iterable<number>): string {
  return `panel.selection = [${[...rows].sort((a, b) => a - b).join(', ')}]`;
}

/** Rows as CSV with the names first, without formulas and previews. */
export function csv(
  points: Points,
  ranks: Ranks,
  columns: readonly Column[],
  rows: ArrayLike<number>
): string {
  const cells = writtenColumns(points, ranks, columns);
  const lines = [cells.map(({ name }) => name)];
  for (let i = 0; i < rows.length; i++) {
    lines.push(cells.map(({ read }) => read(rows[i]!)));
  }
  return commas(lines);
}

export function commas(lines: readonly (readonly string[])[]): string {
  return lines.map((line) => `${line.map(quoted).join(',')}\r\n`).join('');
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replace(/"/g, '""')}"` : cell;
}
