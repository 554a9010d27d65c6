/** What a drag does to a header: by its right edge to its column's width, by its name to its place. */

import { h, setAttr } from '../../dom';
import { Told } from './words';

export interface Sizes {
  /** Null: the usual width. */
  size(name: string, width: number | null): void;
  /** Shows a width while it is dragged. */
  sizing(name: string, width: number): void;
}

/** Pixels that the pointer goes before a click becomes a drag. */
const DRAGGED = 6;
const DRAG = ['pointermove', 'pointerup', 'pointercancel'] as const;

/** The right edge of a header: a drag changes the width. */
export function edgeOf(cell: HTMLElement, name: string, actions: Sizes): HTMLElement {
  const handle = h('span', { class: 'head-edge', title: Told.resize, 'data-testid': `edge-${name}` });
  let start: { x: number; width: number } | null = null;
  const width = (event: PointerEvent): number => start!.width + event.clientX - start!.x;
  handle.addEventListener('pointerdown', (event) => {
    event.stopPropagation();
    event.preventDefault();
    start = { x: event.clientX, width: cell.getBoundingClientRect().width };
    handle.setPointerCapture(event.pointerId);
  });
  handle.addEventListener('pointermove', (event) => {
    if (start !== null) {
      actions.sizing(name, width(event));
    }
  });
  handle.addEventListener('pointerup', (event) => {
    if (start !== null && event.clientX !== start.x) {
      actions.size(name, width(event));
    }
    start = null;
  });
  handle.addEventListener('pointercancel', () => {
    if (start !== null) {
      actions.sizing(name, start.width);
    }
    start = null;
  });
  handle.addEventListener('click', (event) => event.stopPropagation());
  handle.addEventListener('dblclick', () => actions.size(name, null));
  return handle;
}

/** The name of a column can be dragged to where another of the `cells` is; a mere click still sorts. */
export function draggable(
  cell: HTMLElement,
  cells: () => readonly HTMLElement[],
  move: (to: number) => void
): void {
  let start = 0;
  let to = -1;
  let dragged = false;
  const over = ({ clientX }: PointerEvent): void => {
    if (to < 0 && Math.abs(clientX - start) < DRAGGED) {
      return;
    }
    dragged = true;
    setAttr(cell, 'data-dragged', true);
    const all = cells();
    const own = all.indexOf(cell);
    to = placeAt(clientX, all);
    all.forEach((other, i) =>
      setAttr(other, 'data-drop', i === to && to !== own ? (to > own ? 'after' : 'before') : null)
    );
  };
  const end = (event: PointerEvent): void => {
    DRAG.forEach((type) => document.removeEventListener(type, follow));
    cells().forEach((other) => setAttr(other, 'data-drop', null));
    setAttr(cell, 'data-dragged', null);
    setTimeout(() => (dragged = false)); // after the click that ends a drag
    if (to >= 0 && event.type === 'pointerup') {
      move(to);
    }
  };
  const follow = (event: PointerEvent): void => (event.type === DRAG[0] ? over : end)(event);
  cell.addEventListener('pointerdown', (event) => {
    if (event.button === 0) {
      [start, to, dragged] = [event.clientX, -1, false];
      DRAG.forEach((type) => document.addEventListener(type, follow)); // the pointer may be anywhere meanwhile
    }
  });
  cell.addEventListener('click', (event) => dragged && event.stopPropagation(), true);
}

/** Never the first, which is the box that selects. */
function placeAt(x: number, cells: readonly HTMLElement[]): number {
  const found = cells.findIndex((cell) => x < cell.getBoundingClientRect().right);
  return Math.max(1, found < 0 ? cells.length - 1 : found);
}
