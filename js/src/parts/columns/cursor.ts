/**
 * From cell to cell of the row in focus, by arrow keys. The browser's focus stays on the row, which scrolls and is used
 * again; a reader's voice hears of the cell by `aria-activedescendant`, eyes see its edge.
 */

import { setAttr } from '../../dom';
import { LIVE } from '../../here';
import { isChord } from '../../keys';
import type { Column } from '../../layout';
import { nameOf } from './arrange';

export interface CursorActions {
  /** To the header of a column; false where there is nothing to go to. */
  head(name: string): boolean;
}

const ID = 'dvl-cell';
const ACTIVE = 'aria-activedescendant';

/** Where a key leads from a place in a row of so many cells, -1 being the row as a whole; null for nowhere. Pure. */
export function stepTo(key: string, at: number, cells: number): number | null {
  const to = {
    ArrowRight: Math.min(cells - 1, at + 1),
    ArrowLeft: at - 1,
    Home: at < 0 ? null : 0,
    End: at < 0 ? null : cells - 1,
  }[key];
  return to == null || to < -1 ? null : to;
}

export function createCursor(actions: CursorActions) {
  /** The column, by its name: it stays where columns come and go. Null for the row as a whole. */
  let name: string | null = null;
  let marked: Element | null = null;
  const columnsOf = new WeakMap<Element, readonly Column[]>();

  const place = (row: Element): number =>
    name === null ? -1 : (columnsOf.get(row)?.findIndex((column) => nameOf(column) === name) ?? -1);

  function clear(): void {
    marked?.removeAttribute('id');
    marked?.parentElement?.removeAttribute(ACTIVE);
    marked = null;
  }

  function painted(row: HTMLElement, focused: boolean): void {
    const cell = focused && isRow(row) ? row.children[place(row)] : undefined;
    if (cell !== undefined && cell !== marked) {
      clear();
      marked = cell;
      setAttr(cell, 'id', ID);
      setAttr(row, ACTIVE, ID);
    } else if (cell === undefined && marked?.parentElement === row) {
      clear();
    }
  }

  function press(event: KeyboardEvent, row: HTMLElement, columns: readonly Column[]): void {
    const { key } = event;
    if (event.target !== row || !isRow(row) || isChord(event) || event.shiftKey) {
      return;
    }
    const at = place(row);
    const to = stepTo(key, at, columns.length);
    if (to !== null) {
      name = to < 0 ? null : nameOf(columns[to]!);
      painted(row, true);
      reveal(row, row.children[to]);
    } else if (at < 0 || !(key === 'ArrowUp' ? isFirst(row) && actions.head(name!) : enter(key, row, at))) {
      return;
    }
    event.preventDefault();
  }

  /** What a cell has to do: the label is edited, the box is ticked; a picture or text grows larger by its own part. */
  function enter(key: string, row: HTMLElement, at: number): boolean {
    const kind = columnsOf.get(row)![at]!.kind;
    if (key === 'Enter' && kind === 'select') {
      row.querySelector('input')?.click();
    } else if (LIVE && (key === 'Enter' || key === 'F2') && kind === 'label') {
      row.dispatchEvent(new KeyboardEvent('keydown', { key: 'l', bubbles: true, composed: true }));
    } else {
      return false;
    }
    return true;
  }

  return {
    dress(row: HTMLElement, columns: readonly Column[]): void {
      columnsOf.set(row, columns);
      row.addEventListener('keydown', (event) => press(event, row, columns));
    },
    painted,
    /** From a header down into its column. */
    enterAt(column: string): void {
      name = column;
    },
  };
}

/** Tiles of a gallery are walked by other rules. */
function isRow(row: Element): boolean {
  return row.closest('.table') !== null;
}

function isFirst(row: Element): boolean {
  return row.getAttribute('aria-rowindex') === '2';
}

/** Scrolls the table to the side as far as shows a cell, beside the pinned ones. */
function reveal(row: HTMLElement, cell: Element | undefined): void {
  const table = row.closest('.table');
  if (!LIVE) {
    cell?.scrollIntoView({ block: 'nearest', inline: 'nearest' }); // nothing is pinned in a saved page
    return;
  }
  if (table === null || cell === undefined || cell.classList.contains('pinned')) {
    return;
  }
  const frame = table.getBoundingClientRect();
  const box = cell.getBoundingClientRect();
  const pinned = [...row.querySelectorAll('.pinned')].at(-1)?.getBoundingClientRect().right;
  const left = Math.max(frame.left, pinned ?? 0);
  const right = frame.left + table.clientWidth;
  if (box.left < left) {
    table.scrollLeft -= left - box.left;
  } else if (box.right > right) {
    table.scrollLeft += Math.min(box.right - right, box.left - left);
  }
}
