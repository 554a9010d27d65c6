/** Rows as a table for a spreadsheet: tabs between cells, a line with the names first. Pure. */

import type { Ranks } from '../../columns';
import type { Column } from '../../layout';
import type { Points } from '../../points';
import type { Preview } from '../../source';
import { writtenColumns } from './spreadsheet';

/** `preview`: of a row, as far as it is here; pictures are left out. */
export function tsv(
  points: Points,
  ranks: Ranks,
  columns: readonly Column[],
  rows: readonly number[],
  preview: (row: number) => Preview | undefined
): string {
  const cells = writtenColumns(points, ranks, columns, (row) => {
    const shown = preview(row);
    return typeof shown === 'string' ? shown : '';
  });
  const lines = [cells.map(({ name }) => name), ...rows.map((row) => cells.map(({ read }) => read(row)))];
  return tabbed(lines);
}

export function tabbed(lines: readonly (readonly string[])[]): string {
  return lines.map((line) => line.map(flat).join('\t')).join('\n');
}

function flat(cell: string): string {
  return cell.replace(/[\t\r\n]+/g, ' ');
}
