/** The headers of the table as a live panel has them: charts that filter, edges and names to drag, arrow keys. */

import type { ColumnId } from '../../columns';
import { setAttr } from '../../dom';
import type { Column } from '../../layout';
import type { Sight } from '../part';
import { classesOf, rangeOf } from '../filters/model';
import { miniOf, type Mini } from './counts';
import { draggable, edgeOf, type Sizes } from './head_drag';
import { createMini, type MiniChart } from './mini';
import { nameOf } from './arrange';
import { walk } from './walk';

export interface HeadActions extends Sizes {
  range(id: ColumnId, range: readonly [number, number] | null, done: boolean): void;
  classes(id: ColumnId, names: readonly string[]): void;
  /** Puts a column where the n-th of those shown now is. */
  move(name: string, to: number): void;
  /** Somebody goes from a header down into its column. */
  down(name: string): void;
}

/** Charts are counted anew this often at most (ms). */
const REST = 300;
/** Up to so many points all charts are counted at once, in the frame that shows what they are of. */
const FEW = 2000;
/** Kinds that have no chart. */
const BARE = new Set(['select', 'image', 'text', 'id', 'rank']);

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
      cell.append(edgeOf(cell, name, actions));
      draggable(
        cell,
        () => heads.map((head) => head.cell),
        (to) => actions.move(name, to)
      );
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
