/**
 * The table: a grid that holds only the rows in sight.
 *
 * Browsers clamp the height of an element (Firefox at 18 million px), so the spacer is never taller than MAX_HEIGHT
 * and its scroll position is scaled to rows. The wheel moves exactly, also where the scroll bar cannot.
 */

import type { SortKey } from '../columns';
import { h, onceAFrame, setAttr, setText, show } from '../dom';
import type { Heads } from '../grid';
import { createHead, type HeadActions } from '../head';
import { LIVE } from '../here';
import { tableWidth, type Column } from '../layout';
import { listenForPicks, type Picks } from '../picking';
import { turn } from '../turn';
import { Say } from '../words';

export interface TableActions extends Picks, HeadActions {
  visible(rows: number[]): void;
}

export interface TableData {
  columns: readonly Column[];
  order: Uint32Array;
  /** So many rows at most are painted; all in sight without it. */
  most?: number;
  n: number;
  sort: readonly SortKey[];
  focus: number;
  selected: ReadonlySet<number>;
  allSelected: boolean;
  empty: string;
}

/** What the table needs of a row; `createRow` of the row view answers it. */
export interface TableRow {
  readonly element: HTMLElement;
  paint(row: number, index: number, selected: boolean, focused: boolean): void;
}

export const ROW = 30;
export const HEAD = 32;
export const MAX_HEIGHT = 6_000_000;

export function createTable(
  actions: TableActions,
  makeRow: (columns: readonly Column[]) => TableRow,
  heads?: Heads
) {
  const head = createHead(actions, heads);
  const rows = h('div', { class: 'table-rows' });
  const pane = h('div', { class: 'table-pane' }, rows);
  const spacer = h('div', { class: 'table-spacer', role: 'rowgroup' }, pane);
  const empty = h('div', { class: 'table-empty', role: 'status' });
  const element = h(
    'div',
    {
      class: 'table',
      role: 'grid',
      'aria-label': Say.points,
      'aria-multiselectable': 'true',
      tabindex: 0,
      'data-testid': 'table',
    },
    head.element,
    spacer
  );
  const wrap = h('div', { class: 'table-wrap' }, element, empty);
  const pool: TableRow[] = [];
  const frame = onceAFrame(() => draw());
  let data: TableData | null = null;
  let columns: readonly Column[] = [];
  /** Top of the view in pixels of the whole table; the scroll bar holds a scaled copy. */
  let top = 0;
  let left = 0;
  let keyboard = false;
  /** Of the row that the first element shows. */
  let drawn = 0;

  let size: readonly [width: number, height: number] = [0, 0];
  const bodyHeight = (): number => Math.max(ROW, (size[1] || 400) - ((LIVE && heads?.height) || HEAD));
  const total = (): number => (data?.order.length ?? 0) * ROW;
  const farthest = (): number => Math.max(0, total() - bodyHeight());
  const spacerHeight = (): number => Math.min(total(), MAX_HEIGHT);
  const ratio = (): number => {
    const range = spacerHeight() - bodyHeight();
    return range > 0 ? farthest() / range : 1;
  };

  element.addEventListener('scroll', () => {
    left = element.scrollLeft;
    if (Math.abs(element.scrollTop - top / ratio()) > 1) {
      top = Math.min(farthest(), element.scrollTop * ratio());
    }
    frame.request();
  });
  element.addEventListener(
    'wheel',
    (event) => {
      const turn = event.deltaY;
      if (!event.ctrlKey && (turn < 0 ? top > 0 : turn > 0 && top < farthest())) {
        event.stopPropagation(); // VS Code would scroll its notebook as well (js/src/wheel.ts)
        if (ratio() > 1.01) {
          event.preventDefault();
          moveTo(top + turn * [1, ROW, bodyHeight()][event.deltaMode]!);
        }
      }
    },
    { passive: false }
  );
  element.addEventListener('focusin', () => (keyboard = true));
  element.addEventListener('focusout', () => (keyboard = false));
  listenForPicks(pane, actions);

  function moveTo(pixels: number): void {
    top = Math.min(farthest(), Math.max(0, pixels));
    element.scrollTop = top / ratio();
    frame.request();
  }

  /** Scrolls as little as shows the row, and gives it the keyboard's focus. */
  function reveal(row: number): void {
    const index = data?.order.indexOf(row) ?? -1;
    if (index < 0) {
      return;
    }
    const before = top;
    top = Math.min(farthest(), index * ROW, Math.max(top, (index + 1) * ROW - bodyHeight()));
    if (top !== before) {
      draw(); // before the browser is told: that lays out the page
      element.scrollTop = top / ratio();
    }
    grab();
  }

  function grab(): void {
    const holder = pool.find((row) => !row.element.hidden && row.element.classList.contains('focused'));
    (holder?.element ?? element).focus({ preventScroll: true });
  }

  function update(now: TableData): void {
    const remade = now.columns !== columns;
    data = now;
    if (remade) {
      columns = now.columns;
      pool.splice(0).forEach((row) => row.element.remove());
      head.make(columns);
      element.style.setProperty('--columns', columns.map((column) => column.track).join(' '));
      element.style.setProperty('--table-width', `${tableWidth(columns)}px`);
      setAttr(element, 'aria-colcount', columns.length);
    }
    setAttr(element, 'aria-rowcount', now.order.length + 1);
    setAttr(element, 'data-points', now.order.length);
    head.update(now.sort, now.allSelected || (now.selected.size > 0 && null));
    setText(empty, now.empty);
    show(empty, now.order.length === 0);
    top = Math.min(top, farthest());
    draw();
  }

  /** Paints the rows in sight, re-using their elements. */
  function draw(): void {
    frame.cancel();
    if (data === null) {
      return;
    }
    const body = bodyHeight();
    const first = Math.floor(top / ROW);
    const shown = Math.min(
      data.order.length - first,
      Math.ceil(body / ROW) + 1,
      (LIVE && data.most) || Infinity
    );
    spacer.style.height = `${spacerHeight()}px`;
    pane.style.height = `${Math.min(body, total())}px`;
    while (pool.length < shown) {
      const row = makeRow(columns);
      pool.push(row);
      rows.append(row.element);
    }
    if (LIVE) {
      turn(rows, pool, first - drawn, keyboard ? element : null);
      drawn = first;
    }
    const seen: number[] = [];
    rows.style.transform = `translateY(${first * ROW - top}px)`;
    pool.forEach((slot, i) => {
      show(slot.element, i < shown);
      if (i >= shown) {
        return;
      }
      const row = data!.order[first + i]!;
      seen.push(row);
      slot.paint(row, first + i, data!.selected.has(row), row === data!.focus);
    });
    setAttr(wrap, 'data-more', tableWidth(columns) - left > size[0] + 1);
    setAttr(element, 'tabindex', seen.includes(data.focus) ? -1 : 0);
    if (keyboard && document.hasFocus()) {
      keepFocus();
    }
    actions.visible(seen);
  }

  /** A recycled row may hold the browser's focus for a point that is no longer its own. */
  function keepFocus(): void {
    const active = (element.getRootNode() as ShadowRoot).activeElement;
    if (
      active instanceof HTMLElement &&
      active.classList.contains('row') &&
      !(active.classList.contains('focused') && !active.hidden)
    ) {
      grab();
    }
  }

  /** Sizes are looked at when they change: after rows were written the page would be laid out once more for it. */
  function measure(): void {
    size = [element.clientWidth, element.clientHeight];
    draw();
  }

  const resize = typeof ResizeObserver === 'undefined' ? null : new ResizeObserver(measure);
  resize?.observe(element);

  return {
    element: wrap,
    grid: element,
    update,
    redraw: () => frame.request(),
    /** In pixels; asking the browser would lay out the page once more where something was written before. */
    width: () => size[0] || element.clientWidth,
    top: () => top,
    scrollTo: moveTo,
    reveal,
    page: () => Math.max(1, Math.floor(bodyHeight() / ROW) - 1),
    focus: grab,
    destroy: () => {
      frame.cancel();
      resize?.disconnect();
    },
  };
}
