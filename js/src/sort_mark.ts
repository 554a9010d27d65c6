/** Which way a column is sorted, in its header: for eyes, and for a reader's voice. */

import type { SortKey } from './columns';
import { setAttr, setText } from './dom';
import type { Column } from './layout';

/** A digit tells the place among several columns that the table is sorted by. */
export function markSort(cell: HTMLElement, column: Column, sort: readonly SortKey[]): void {
  const at = sort.findIndex((key) => key.column === column.sort);
  const key = sort[at];
  setAttr(
    cell,
    'aria-sort',
    column.sort === null ? null : key === undefined ? 'none' : key.descending ? 'descending' : 'ascending'
  );
  const mark = cell.querySelector('.sort-mark');
  if (mark !== null) {
    setText(mark, key === undefined ? '' : `${key.descending ? '▼' : '▲'}${sort.length > 1 ? at + 1 : ''}`);
  }
}
