/** Rows as a table for a spreadsheet: tabs between cells, a line with the names first. Pure. */

import type { Column } from '../../layout';
import { idOf, type Points } from '../../points';
import type { Preview } from '../../source';
import type { Ranks } from '../../columns';
import { fieldOf } from './fields';

/** `preview`: of a row, as far as it is here; pictures are left out. */
export function tsv(
  points: Points,
  ranks: Ranks,
  columns: readonly Column[],
  rows: readonly number[],
  preview: (row: number) => Preview | undefined
): string {
  const shown = columns.filter(({ kind }) => kind !== 'select' && kind !== 'image');
  const named = shown.some(({ kind }) => kind === 'id');
  const names = shown.map(({ name, sort }) => (sort === 'rank' ? 'rank' : name));
  const cells = shown.map((one) => reader(points, ranks, one, preview));
  const id = (row: number): string => idOf(points, row);
  const lines = [
    named ? names : ['id', ...names],
    ...rows.map((row) => (named ? [] : [id(row)]).concat(cells.map((cell) => cell(row)))),
  ];
  return lines.map((line) => line.map(flat).join('\t')).join('\n');
}

function reader(
  points: Points,
  ranks: Ranks,
  { kind, sort }: Column,
  preview: (row: number) => Preview | undefined
): (row: number) => string {
  if (kind === 'id') {
    return (row) => idOf(points, row);
  }
  const field = sort === null ? undefined : fieldOf(points, ranks, sort);
  switch (field?.kind) {
    case 'number':
      return (row) => number(field.numbers[row]!);
    case 'class':
      return (row) => field.classes[field.codes[row]!] ?? '';
    case 'text':
      return field.text;
    default:
      return (row) => {
        const shown = preview(row);
        return typeof shown === 'string' ? shown : '';
      };
  }
}

/** As many digits as a single-precision number has; nothing where it is not known. */
function number(x: number): string {
  return Number.isNaN(x) ? '' : String(Math.fround(x) === x ? Number(x.toPrecision(8)) : x);
}

function flat(cell: string): string {
  return cell.replace(/[\t\r\n]+/g, ' ');
}
