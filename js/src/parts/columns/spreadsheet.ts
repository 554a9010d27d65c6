/** Rows as a spreadsheet takes them: which columns are written, and the text of each cell. Pure. */

import type { Ranks } from '../../columns';
import type { Column } from '../../layout';
import { idOf, type Points } from '../../points';
import { fullName } from './arrange';
import { fieldOf } from './fields';

export interface Written {
  readonly name: string;
  readonly read: (row: number) => string;
}

/** What a spreadsheet takes for a formula when a text begins so: it gets an apostrophe in front. */
const FORMULA = /^[=+\-@\t\r]/;

/** The id first, unless it has a place; what is neither number nor text is left out, and so are previews without `preview`. */
export function writtenColumns(
  points: Points,
  ranks: Ranks,
  columns: readonly Column[],
  preview?: (row: number) => string
): Written[] {
  const found = columns.flatMap((one) => {
    const read = one.kind === 'text' ? preview && safely(preview) : reader(points, ranks, one);
    return read === undefined ? [] : [{ name: safe(fullName(points, one)), read }];
  });
  return columns.some(({ kind }) => kind === 'id')
    ? found
    : [{ name: 'id', read: safely((row) => idOf(points, row)) }, ...found];
}

function reader(points: Points, ranks: Ranks, { kind, sort }: Column): Written['read'] | undefined {
  if (kind === 'id') {
    return safely((row) => idOf(points, row));
  }
  const field = sort === null ? undefined : fieldOf(points, ranks, sort);
  switch (field?.kind) {
    case 'number':
      return (row) => number(field.numbers[row]!);
    case 'class':
      return safely((row) => field.classes[field.codes[row]!] ?? '');
    case 'text':
      return safely(field.text);
    default:
      return undefined;
  }
}

function safely(read: Written['read']): Written['read'] {
  return (row) => safe(read(row));
}

export function safe(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

/** As many digits as a single-precision number has; nothing where it is not known. */
function number(x: number): string {
  return Number.isNaN(x) ? '' : String(Math.fround(x) === x ? Number(x.toPrecision(8)) : x);
}
