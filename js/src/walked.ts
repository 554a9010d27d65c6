/** The table of a saved page by keyboard, as in the live panel: from cell to cell, and up into the headers. */

import { setAttr } from './dom';
import type { Walks } from './grid';
import { nameOf } from './parts/columns/arrange';
import { createCursor } from './parts/columns/cursor';
import { walk, type Walked } from './parts/columns/walk';

export function createWalks(): Walks {
  let heads: Walked[] = [];
  const buttonOf = ({ cell }: Walked): HTMLElement | null => cell.querySelector('.sort');
  const cursor = createCursor({
    head(name) {
      const head = heads.find(({ column }) => nameOf(column) === name);
      const button = head && buttonOf(head);
      button?.focus();
      return button != null;
    },
  });
  return {
    dress(cell, column, at) {
      heads = [...heads.slice(0, at), { column, cell, chart: null }];
      cell.addEventListener('keydown', (event) =>
        walk(event, heads, (below) => cursor.enterAt(nameOf(below)))
      );
      const [first, second] = heads.map(buttonOf).filter((button) => button !== null);
      if (first !== undefined && second === undefined) {
        setAttr(first, 'tabindex', 0); // one stop for the Tab key: arrow keys go on from there
      }
    },
    dressRow: (row, columns) => cursor.dress(row, columns),
    painted: cursor.painted,
  };
}
