/** The header of a table: what each column is called, and which way it is sorted, for eyes and for a reader's voice. */

import type { ColumnId, SortKey } from './columns';
import { h, setAttr, setText } from './dom';
import type { Heads } from './grid';
import type { Column } from './layout';
import { Say } from './words';

export interface HeadActions {
  sort(column: ColumnId, refine: boolean): void;
  toggleAll(): void;
}

export function createHead(actions: HeadActions, heads?: Heads) {
  const element = h('div', { class: 'table-head', role: 'row', 'aria-rowindex': 1 });
  const check = h('input', {
    type: 'checkbox',
    tabindex: -1,
    'aria-label': Say.selectAll,
    'data-testid': 'select-all',
    onclick: () => actions.toggleAll(),
  });
  let cells: (readonly [cell: HTMLElement, column: Column])[] = [];

  function make(column: Column, at: number): HTMLElement {
    const cell = h('div', {
      class: `cell head ${column.kind}${column.numeric ? ' numeric' : ''}`,
      role: 'columnheader',
      'aria-colindex': at + 1,
      title: column.tip,
    });
    if (column.kind === 'select') {
      cell.append(check);
    } else if (column.sort !== null) {
      const id = column.sort;
      cell.append(
        h(
          'button',
          {
            class: 'sort',
            tabindex: -1,
            'data-testid': `sort-${id}`,
            onclick: (event: MouseEvent) => actions.sort(id, event.shiftKey),
          },
          h('span', { class: 'sort-name' }, column.name),
          h('span', { class: 'sort-mark', 'aria-hidden': 'true' })
        )
      );
    } else {
      cell.append(h('span', {}, column.name));
    }
    heads?.dress(cell, column, at);
    return cell;
  }

  return {
    element,
    make(columns: readonly Column[]): void {
      cells = columns.map((column, at) => [make(column, at), column]);
      element.replaceChildren(...cells.map(([cell]) => cell));
    },
    /** `selected`: whether all points are; null where some are. */
    update(sort: readonly SortKey[], selected: boolean | null): void {
      cells.forEach(([cell, column]) => markSort(cell, column, sort));
      check.checked = selected === true;
      check.indeterminate = selected === null;
    },
  };
}

/** A digit tells the place among several columns that the table is sorted by. */
function markSort(cell: HTMLElement, column: Column, sort: readonly SortKey[]): void {
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
