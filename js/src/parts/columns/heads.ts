/** The headers of the table as a live panel has them: charts that filter, edges and names to drag, arrow keys. */

import type { ColumnId } from '../../columns';
import { h, setAttr } from '../../dom';
import type { Column } from '../../layout';
import type { Sight } from '../part';
import { classesOf, rangeOf } from '../filters/model';
import { miniOf, type Mini } from './counts';
import { createMini, type MiniChart } from './mini';
import { nameOf } from './arrange';
import { walk } from './walk';
import { Told } from './words';

export interface HeadActions {
  range(id: ColumnId, range: readonly [number, number] | null, done: boolean): void;
  classes(id: ColumnId, names: readonly string[]): void;
  /** Puts a column where the n-th of those shown now is. */
  move(name: string, to: number): void;
  /** Null: the usual width. */
  size(name: string, width: number | null): void;
  /** Shows a width while it is dragged. */
  sizing(name: string, width: number): void;
  /** Somebody goes from a header down into its column. */
  down(name: string): void;
}

/** Charts are counted anew this often at most (ms). */
const REST = 300;
/** Up to so many points all charts are counted at once, in the frame that shows what they are of. */
const FEW = 2000;
/** Kinds that have no chart. */
const BARE = new Set(['select', 'image', 'text', 'id', 'rank']);
const DRAGGED = 6;

interface Head {
  readonly column: Column;
  readonly cell: HTMLElement;
  /** Made when it is first painted, which may be a frame after the header. */
  chart: MiniChart | null;
  mini: Mini | null;
  /** What the chart was counted from. */
  of: unknown;
}

export function createHeads(actions: HeadActions) {
  let heads: Head[] = [];
  let sight: Sight | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let counted = -Infinity;
  const seen = new WeakSet<Element>();
  let watch: IntersectionObserver | null = null;

  function observe(cell: Element): void {
    if (typeof IntersectionObserver === 'undefined') {
      seen.add(cell);
      return;
    }
    watch ??= new IntersectionObserver((entries) => {
      entries.forEach(({ target, isIntersecting }) => seen[isIntersecting ? 'add' : 'delete'](target));
      soon(0);
    });
    watch.observe(cell);
  }

  function dress(cell: HTMLElement, column: Column, at: number): void {
    if (at === 0) {
      watch?.disconnect();
      heads = [];
    }
    const name = nameOf(column);
    if (column.left !== undefined) {
      cell.classList.add('pinned');
      cell.style.left = `${column.left}px`;
    }
    setAttr(cell, 'data-column', name);
    if (column.kind !== 'select') {
      cell.append(edge(cell, name));
      draggable(cell, name);
    }
    cell.addEventListener('keydown', (event) => walk(event, heads, (column) => actions.down(nameOf(column))));
    heads.push({ column, cell, chart: null, mini: null, of: null });
    const button = cell.querySelector('.sort');
    if (button !== null && !heads.some((head) => head !== heads.at(-1) && head.column.sort !== null)) {
      setAttr(button, 'tabindex', 0); // one stop for the Tab key: arrow keys go on from there
    }
    soon(0);
  }

  function draw(head: Head): void {
    const { cell, column } = head;
    const { sort } = column;
    if (head.chart === null && sort !== null && !BARE.has(column.kind)) {
      head.chart = createMini(column.name, nameOf(column).replace(/^x:/, ''), {
        range: (range, done) => actions.range(sort, range, done),
        classes: (names) => actions.classes(sort, names),
      });
      cell.append(head.chart.element);
      observe(cell);
    }
  }

  /** The right edge of a header: a drag changes the width. */
  function edge(cell: HTMLElement, name: string): HTMLElement {
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

  /** The name of a column can be dragged to another place; a mere click still sorts. */
  function draggable(cell: HTMLElement, name: string): void {
    let start = 0;
    let to = -1;
    let dragged = false;
    const follow = (event: PointerEvent): void => {
      if (to < 0 && Math.abs(event.clientX - start) < DRAGGED) {
        return;
      }
      dragged = true;
      setAttr(cell, 'data-dragged', true);
      to = placeAt(event.clientX);
      const own = heads.findIndex((head) => head.cell === cell);
      heads.forEach((head, i) =>
        setAttr(head.cell, 'data-drop', i === to && to !== own ? (to > own ? 'after' : 'before') : null)
      );
    };
    const end = (event: PointerEvent): void => {
      document.removeEventListener('pointermove', follow);
      document.removeEventListener('pointerup', end);
      document.removeEventListener('pointercancel', end);
      heads.forEach((head) => setAttr(head.cell, 'data-drop', null));
      setAttr(cell, 'data-dragged', null);
      setTimeout(() => (dragged = false)); // after the click that ends a drag
      if (to >= 0 && event.type === 'pointerup') {
        actions.move(name, to);
      }
    };
    cell.addEventListener('pointerdown', (event) => {
      if (event.button === 0) {
        [start, to, dragged] = [event.clientX, -1, false];
        document.addEventListener('pointermove', follow); // the pointer may be anywhere meanwhile
        document.addEventListener('pointerup', end);
        document.addEventListener('pointercancel', end);
      }
    });
    cell.addEventListener('click', (event) => dragged && event.stopPropagation(), true);
  }

  function placeAt(x: number): number {
    const found = heads.findIndex((head) => x < head.cell.getBoundingClientRect().right);
    return Math.max(1, found < 0 ? heads.length - 1 : found);
  }

  /** Filters are shown at once; counts when it is their time. */
  function paint(now: Sight): void {
    sight = now;
    for (const head of heads) {
      draw(head);
      show(head, now);
    }
    if (now.points.n <= FEW) {
      count();
    } else if (heads.some((head) => isStale(head, now))) {
      soon(Math.max(0, counted + REST - performance.now()));
    }
  }

  function show({ chart, column, mini }: Head, { state, points }: Sight): void {
    chart?.update({
      mini,
      range: rangeOf(state.filters, column.sort!),
      chosen: classesOf(state.filters, column.sort!, points),
      threshold: column.kind === 'value' ? points.status.threshold : null,
    });
  }

  function isStale(head: Head, now: Sight): boolean {
    return head.chart !== null && head.of !== sourceOf(head.column, now) && seen.has(head.cell);
  }

  function soon(ms: number): void {
    timer ??= setTimeout(count, ms);
  }

  /** One chart at a time where there are many points: at a million each takes some milliseconds. */
  function count(): void {
    timer = undefined;
    const now = sight;
    if (now === null) {
      return;
    }
    const { points, derived } = now;
    const stale = heads.filter((one) => isStale(one, now));
    for (const head of points.n > FEW ? stale.slice(0, 1) : stale) {
      counted = performance.now();
      head.of = sourceOf(head.column, now);
      head.mini = miniOf(points, derived.ranks, head.column.sort!, derived.histogram);
      show(head, now);
    }
    if (stale.length > 1 && points.n > FEW) {
      soon(0);
    }
  }

  return {
    dress,
    paint,
    /** Gives the header of a column the keyboard's focus, where it can have it. */
    focus(name: string): boolean {
      const head = heads.find(({ column }) => nameOf(column) === name);
      const button = head?.cell.querySelector<HTMLElement>('.sort, input');
      button?.focus();
      return button != null;
    },
    end: () => {
      clearTimeout(timer);
      watch?.disconnect();
    },
  };
}

/** What changes when the numbers of a column do: features and columns of parts are made once. */
function sourceOf(column: Column, { points, derived }: Sight): unknown {
  const id = column.sort!;
  return id.startsWith('x:')
    ? points.extra.get(id.slice(2))
    : id.startsWith('f')
      ? points.features[column.feature]
      : derived.ranks;
}
