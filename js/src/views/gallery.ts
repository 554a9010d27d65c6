/** The points as tiles, in the order of the table: picture or text, label and value. */

import { h, setAttr, show } from '../dom';
import type { Column } from '../layout';
import { listenForPicks, type Picks } from '../picking';
import { Say } from '../words';

export interface GalleryActions extends Picks {
  visible(rows: number[]): void;
}

export interface GalleryData {
  columns: readonly Column[];
  order: Uint32Array;
  focus: number;
  selected: ReadonlySet<number>;
}

/** One point; the row view answers it. */
export interface Tile {
  readonly element: HTMLElement;
  paint(row: number, index: number, selected: boolean, focused: boolean): void;
}

/** More tiles are made when somebody scrolls to the end. */
const PAGE = 120;
const NEAR = 300;
const SHOWN: readonly string[] = ['image', 'text', 'label', 'value'];

export function createGallery(actions: GalleryActions, makeTile: (columns: readonly Column[]) => Tile) {
  const element = h('div', {
    class: 'mosaic',
    role: 'grid',
    tabindex: 0,
    'aria-label': Say.galleryList,
    'data-testid': 'gallery',
  });
  const pool: Tile[] = [];
  let columns: readonly Column[] = [];
  let data: GalleryData | null = null;
  let limit = PAGE;
  listenForPicks(element, actions);
  element.addEventListener('scroll', () => {
    if (element.scrollTop + element.clientHeight > element.scrollHeight - NEAR) {
      grow(limit + PAGE);
    }
  });

  function grow(to: number): void {
    if (data !== null && limit < data.order.length) {
      limit = to;
      update(data);
    }
  }

  function update(now: GalleryData): void {
    data = now;
    if (now.columns !== columns) {
      columns = now.columns;
      pool.splice(0).forEach((tile) => tile.element.remove());
    }
    const rows = [...now.order.subarray(0, limit)];
    while (pool.length < rows.length) {
      const tile = makeTile(columns.filter(({ kind }) => SHOWN.includes(kind)));
      pool.push(tile);
      element.append(tile.element);
    }
    pool.forEach((tile, i) => {
      const row = rows[i];
      show(tile.element, row !== undefined);
      if (row !== undefined) {
        tile.paint(row, i, now.selected.has(row), row === now.focus);
      }
    });
    setAttr(element, 'data-points', now.order.length);
    setAttr(element, 'aria-rowcount', now.order.length);
    actions.visible(rows);
  }

  /** Scrolls as little as shows the point, and gives it the keyboard's focus. */
  function reveal(row: number): void {
    const at = data?.order.indexOf(row) ?? -1;
    grow(Math.max(limit, at + 1));
    pool[at]?.element.focus();
  }

  return { element, update, reveal };
}
