/** The columns of the table: which there are, what their headers show and filter, and how one walks through the cells. */

import { onceAFrame } from '../dom';
import type { Grid } from '../grid';
import type { Points } from '../points';
import { filter, type Arrangement } from '../state';
import STYLE from '../../style/parts/columns.css';
import { allColumns, arranged, AS_USUAL, moveColumn, nameOf, sizeColumn } from './columns/arrange';
import { liveCell } from './columns/cells';
import { createCursor } from './columns/cursor';
import { createHeads } from './columns/heads';
import { readColumns } from './columns/read';
import { KEYS } from './columns/words';
import { withClasses, withRange } from './filters/model';
import { moreTests } from './filters/more';
import { guarded } from './guarded';
import type { Hub, Part, PartMessage, Sight } from './part';

export const NAME = 'columns';
/** Rows above which a drag over a chart filters when it ends, not while it goes on. */
const LARGE = 200_000;

export function makeColumns(hub: Hub): Part {
  let sight: Sight | null = null;
  let head: HTMLElement | null = null;
  const waiting: PartMessage[] = [];

  const shown = () => sight?.columns ?? [];
  const change = (by: (given: Arrangement) => Arrangement): void =>
    hub.set((s) => ({ ...s, columns: by(s.columns ?? AS_USUAL) }));

  let brushed: (() => void) | null = null;
  const brush = onceAFrame(() => brushed?.());
  const heads = createHeads({
    range(id, range, done) {
      brushed = () => hub.set((s) => filter(s, withRange(s.filters, id, range)));
      if (done) {
        brush.cancel();
        brushed();
      } else if ((sight?.points.n ?? 0) <= LARGE) {
        brush.request();
      }
    },
    classes(id, chosen) {
      const { points } = hub.source;
      if (points !== null) {
        hub.set((s) => filter(s, withClasses(s.filters, id, chosen, points)));
      }
    },
    move: (name, to) => change((given) => moveColumn(given, shown().map(nameOf), name, to)),
    size: (name, width) => change((given) => sizeColumn(given, name, width)),
    sizing(name, width) {
      const tracks = shown().map((one) => (nameOf(one) === name ? `${Math.max(44, width)}px` : one.track));
      head?.closest<HTMLElement>('.table')?.style.setProperty('--columns', tracks.join(' '));
    },
    down: (name) => cursor.enterAt(name),
  });
  const cursor = createCursor({ head: (name) => heads.focus(name) });
  const stop = hub.source.hear(NAME, (message) => {
    if (message.kind.startsWith('columns')) {
      waiting.push(message);
      take();
    }
  });
  const end = hub.source.subscribe(() => take());

  /** What came before the points did waits for them. */
  function take(): void {
    const { points } = hub.source;
    if (points === null || waiting.length === 0) {
      return;
    }
    for (const message of waiting.splice(0)) {
      guarded(hub.source, () => put(points, message));
    }
    hub.source.tell('values');
  }

  const grid: Grid = {
    height: 62,
    more: moreTests,
    columns: (points, room, width, given) => arranged(points, room, width, given, hub.columns),
    all: (points) => allColumns(points, hub.columns),
    dress(cell, column, at) {
      head = cell;
      heads.dress(cell, column, at);
    },
    cell: liveCell,
    dressRow(row, columns) {
      columns.forEach(({ left }, i) => {
        const cell = row.children[i];
        if (left !== undefined && cell instanceof HTMLElement) {
          cell.classList.add('pinned');
          cell.style.left = `${left}px`;
        }
      });
      cursor.dress(row, columns);
    },
    painted: cursor.painted,
  };

  return {
    style: STYLE,
    keys: KEYS,
    grid,
    paint(now) {
      sight = now;
      heads.paint(now);
    },
    end() {
      heads.end();
      brush.cancel();
      stop();
      end();
    },
  };
}

const applied = new WeakMap<PartMessage, Points>();

/** Two views of one model are told alike: the first puts the columns into the points, which are theirs together. */
function put(points: Points, message: PartMessage): void {
  if (applied.get(message) !== points) {
    applied.set(message, points);
    for (const extra of readColumns(message.body, message.buffers, points.n)) {
      points.extra.set(extra.id, extra);
    }
  }
}
