/** Rows as other programs take them: ranges, a line of Python, CSV. Pure. */

import type { Ranks } from '../../columns';
import type { Column } from '../../layout';
import { idOf, type Points } from '../../points';
import { fieldOf } from '../columns/fields';

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

export function pythonOf(rows: Iterable<number>): string {
  return `panel.selection = [${[...rows].sort((a, b) => a - b).join(', ')}]`;
}

/** What a spreadsheet takes for a formula when a text begins so. */
const FORMULA = /^[=+\-@\t\r]/;

/**
 * Rows as CSV with the names first. Texts that a spreadsheet would take for formulas get an apostrophe in front;
 * previews are left out.
 */
export function csv(
  points: Points,
  ranks: Ranks,
  columns: readonly Column[],
  rows: ArrayLike<number>
): string {
  const cells = columns.flatMap((one) => {
    const read = reader(points, ranks, one);
    return read === null ? [] : [{ name: one.sort === 'rank' ? 'rank' : one.name, read }];
  });
  if (!columns.some(({ kind }) => kind === 'id')) {
    cells.unshift({ name: 'id', read: (row) => text(idOf(points, row)) });
  }
  const lines = [cells.map(({ name }) => text(name)).join(',')];
  for (let i = 0; i < rows.length; i++) {
    lines.push(cells.map(({ read }) => read(rows[i]!)).join(','));
  }
  return `${lines.join('\r\n')}\r\n`;
}

function reader(points: Points, ranks: Ranks, { kind, sort }: Column): ((row: number) => string) | null {
  if (kind === 'id') {
    return (row) => text(idOf(points, row));
  }
  const field = sort === null ? undefined : fieldOf(points, ranks, sort);
  switch (field?.kind) {
    case 'number':
      return (row) => number(field.numbers[row]!);
    case 'class':
      return (row) => text(field.classes[field.codes[row]!] ?? '');
    case 'text':
      return (row) => text(field.text(row));
    default:
      return null;
  }
}

function text(cell: string): string {
  const safe = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

/** As many digits as a single-precision number has; nothing where it is not known. */
function number(x: number): string {
  return Number.isNaN(x) ? '' : String(Math.fround(x) === x ? Number(x.toPrecision(8)) : x);
}
