/** The columns of the table: which there are, what their headers show, how they are arranged, and their rows as text. */

import { h, onceAFrame, setAttr, setText } from '../dom';
import type { Grid } from '../grid';
import type { Column } from '../layout';
import type { Points } from '../points';
import { text, texts, words } from '../read';
import { filter, targets, type Arrangement } from '../state';
import STYLE from '../../style/parts/columns.css';
import * as arrange from './columns/arrange';
import { liveCell } from './columns/cells';
import { createHeads } from './columns/heads';
import { readColumns } from './columns/read';
import { createSheet, type SheetColumn, type Suggesting } from './columns/sheet';
import { tsv } from './columns/tsv';
import { WORDS } from './columns/words';
import { withClasses, withRange } from './filters/model';
import { moreTests } from './filters/more';
import { guarded } from './guarded';
import type { Hub, Part, PartMessage, Sight } from './part';

export const NAME = 'columns';
/** Rows above which a drag over a chart filters when it ends, not while it goes on. */
const LARGE = 200_000;
/** Id of a feature that was not sent with the points. */
const FEATURE = 'feature:';

export function makeColumns(hub: Hub): Part {
  let shown: readonly Column[] = [];
  let sight: Sight | null = null;
  let open = false;
  let offered: readonly string[] = [];
  let suggesting: Suggesting = { state: 'none', why: '' };
  const asked = new Set<string>();
  const waiting: PartMessage[] = [];

  const change = (by: (given: Arrangement) => Arrangement): void =>
    hub.set((s) => ({ ...s, columns: by(s.columns ?? arrange.AS_USUAL) }));
  const names = (): string[] => shown.map(arrange.nameOf);
  const move = (name: string, to: number): void =>
    change((given) => arrange.moveColumn(given, names(), name, to));

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
    move,
    size: (name, width) => change((given) => arrange.sizeColumn(given, name, width)),
    sizing(name, width) {
      const tracks = shown.map((one) =>
        arrange.nameOf(one) === name ? `${Math.max(44, width)}px` : one.track
      );
      table()?.style.setProperty('--columns', tracks.join(' '));
    },
  });

  const sheet = createSheet({
    show(name, on) {
      if (on) {
        want(name);
      }
      change((given) => arrange.showColumn(given, name, on));
    },
    pin: (name, pinned) => change((given) => arrange.pinColumn(given, name, pinned)),
    move: (name, by) => move(name, names().indexOf(name) + by),
    widen(name, by) {
      const cell = table()?.querySelector(`[data-column="${CSS.escape(name)}"]`);
      const width = cell?.getBoundingClientRect().width ?? 100;
      change((given) => arrange.sizeColumn(given, name, width + by));
    },
    reset: () => hub.set((s) => ({ ...s, columns: arrange.AS_USUAL })),
    copy: () => void copy(),
    suggest: () => void hub.source.ask(NAME, { what: 'suggest' }),
    close: () => toggle(false),
  });
  const button = h(
    'button',
    {
      class: 'chip columns-button',
      title: WORDS.buttonTip,
      'aria-haspopup': 'dialog',
      'data-testid': 'columns-open',
      onclick: () => toggle(!open),
    },
    WORDS.button
  );
  const said = h('span', { class: 'muted', role: 'status', 'data-testid': 'copied' });
  const stop = hub.source.hear(NAME, (message) => {
    waiting.push(message);
    take();
  });
  const end = hub.source.subscribe(() => take());

  function table(): HTMLElement | null {
    return (button.getRootNode() as ParentNode).querySelector<HTMLElement>('[role="grid"]');
  }

  /** Below its button, as far as the panel reaches. */
  function place(): void {
    const panel = sheet.element.parentElement?.getBoundingClientRect();
    const box = button.getBoundingClientRect();
    if (panel !== undefined) {
      const right = Math.min(panel.right - box.right, panel.width - 338);
      sheet.element.style.right = `${Math.max(8, right)}px`;
      sheet.element.style.top = `${box.bottom - panel.top + 4}px`;
      sheet.element.style.maxHeight = `${Math.max(180, panel.bottom - box.bottom - 14)}px`;
    }
  }

  function toggle(now: boolean): void {
    open = now;
    place();
    paintSheet();
    if (open) {
      sheet.focus();
    } else {
      button.focus();
    }
  }

  /** What came before the points did waits for them. */
  function take(): void {
    const { points } = hub.source;
    if (points === null || waiting.length === 0) {
      return;
    }
    for (const message of waiting.splice(0)) {
      guarded(hub.source, () => read(points, message));
    }
    hub.source.tell('values');
  }

  function read(points: Points, message: PartMessage): void {
    const { kind, body } = message;
    if (kind === 'offered') {
      offered = texts(body, 'names');
    } else if (kind === 'suggesting') {
      suggesting = { state: text(body, 'state'), why: words(body.why, 'why', true) };
    } else if (kind.startsWith('columns')) {
      put(points, message);
    }
  }

  /** Asks for a feature that is not here. */
  function want(name: string): void {
    const feature = name.startsWith(`x:${FEATURE}`) ? name.slice(2 + FEATURE.length) : null;
    if (feature !== null && !asked.has(feature) && hub.source.points?.extra.has(FEATURE + feature) !== true) {
      asked.add(feature);
      hub.source.ask(NAME, { what: 'feature', name: feature });
    }
  }

  async function copy(): Promise<void> {
    if (sight === null) {
      return;
    }
    const { points, derived, state, focus } = sight;
    const rows = state.selected.size > 0 ? targets(state) : [focus];
    const order = new Map(Array.from(derived.order, (row, i) => [row, i]));
    const sorted = rows
      .filter((row) => row >= 0)
      .sort((a, b) => (order.get(a) ?? Infinity) - (order.get(b) ?? Infinity) || a - b);
    const text = tsv(points, derived.ranks, shown, sorted, (row) => hub.source.preview(row));
    try {
      await navigator.clipboard.writeText(text);
      setText(said, WORDS.copied(sorted.length));
    } catch {
      setText(said, WORDS.notCopied);
    }
    setTimeout(() => setText(said, ''), 4000);
  }

  function paintSheet(): void {
    setAttr(button, 'aria-expanded', String(open));
    if (sight !== null) {
      sheet.update(open, open ? listed(sight.points, shown, offered, sight.state.columns) : [], suggesting);
    }
  }

  const grid: Grid = {
    height: 62,
    more: moreTests,
    columns(points, room, width, given) {
      return (shown = arrange.arranged(points, room, width, given));
    },
    dress: heads.dress,
    cell: liveCell,
    dressRow(row, columns) {
      columns.forEach(({ left }, i) => {
        const cell = row.children[i];
        if (left !== undefined && cell instanceof HTMLElement) {
          cell.classList.add('pinned');
          cell.style.left = `${left}px`;
        }
      });
    },
  };

  return {
    bar: [button],
    footer: [said],
    overlays: [sheet.element],
    style: STYLE,
    keys: [['Ctrl C', 'copy the rows as a table']],
    grid,
    press(event) {
      const copies = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'c' && !event.shiftKey;
      const inGrid = table()?.contains(event.composedPath()[0] as Node) === true;
      if (copies && inGrid && (document.getSelection()?.toString() ?? '') === '') {
        void copy();
        return true;
      }
      return false;
    },
    paint(now) {
      sight = now;
      heads.paint(now);
      paintSheet();
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

function listed(
  points: Points,
  shown: readonly Column[],
  offered: readonly string[],
  given: Arrangement = arrange.AS_USUAL
): SheetColumn[] {
  const all = arrange.allColumns(points);
  const rest = all.filter((one) => !shown.some((other) => arrange.nameOf(other) === arrange.nameOf(one)));
  const here = [...shown, ...rest].filter(({ kind }) => kind !== 'select');
  const known = new Set(here.map(arrange.nameOf));
  const lazy = offered
    .map((name) => ({ id: `x:${FEATURE}${name}`, name }))
    .filter(({ id }) => !known.has(id))
    .map(({ id, name }) => ({
      name: id,
      words: name,
      tip: WORDS.feature(name),
      shown: given.shown[id] === true,
      pinned: false,
    }));
  return [
    ...here.map((one) => ({
      name: arrange.nameOf(one),
      words: one.sort === 'rank' ? 'rank' : one.name,
      tip: one.tip,
      shown: shown.includes(one),
      pinned: given.pinned.includes(arrange.nameOf(one)),
    })),
    ...lazy,
  ];
}
