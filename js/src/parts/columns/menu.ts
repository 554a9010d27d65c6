/** The menu of the columns, features that are sent when somebody wants them, and rows for the clipboard. */

import { h, icon, setText } from '../../dom';
import { COLUMNS } from '../../icons';
import type { Choice } from '../../grid';
import type { Column } from '../../layout';
import type { Points } from '../../points';
import { text, texts, words } from '../../read';
import { targets, type Arrangement } from '../../state';
import STYLE from '../../../style/parts/columns_menu.css';
import { copied } from '../clipboard';
import { guarded } from '../guarded';
import type { Hub, Part, PartMessage, Sight } from '../part';
import { createPopover } from '../popover';
import * as arrange from './arrange';
import { createSheet, type SheetColumn, type Suggesting } from './sheet';
import { tsv } from './tsv';
import { MENU } from './words';

const NAME = 'columns';
/** Id of a feature that was not sent with the points. */
const FEATURE = 'feature:';

export function makeColumnsMenu(hub: Hub): Part {
  let sight: Sight | null = null;
  let offered: readonly string[] = [];
  let suggesting: Suggesting = { state: 'none', why: '' };

  const change = (by: (given: Arrangement) => Arrangement): void =>
    hub.set((s) => ({ ...s, columns: by(s.columns ?? arrange.AS_USUAL) }));
  const names = (): string[] => sight?.columns.map(arrange.nameOf) ?? [];
  const sheet = createSheet({
    show(name, on) {
      if (on) {
        want(name);
      }
      change((given) => arrange.showColumn(given, name, on));
    },
    pin: (name, pinned) => change((given) => arrange.pinColumn(given, name, pinned)),
    move: (name, by) =>
      change((given) => arrange.moveColumn(given, names(), name, names().indexOf(name) + by)),
    widen(name, by) {
      const cell = table()?.querySelector(`[data-column="${CSS.escape(name)}"]`);
      const width = cell?.getBoundingClientRect().width ?? 100;
      change((given) => arrange.sizeColumn(given, name, width + by));
    },
    reset: () => hub.set((s) => ({ ...s, columns: arrange.AS_USUAL })),
    copy: () => void copy(),
    suggest: () => void hub.source.ask(NAME, { what: 'suggest' }),
    close: () => popover.close(),
  });
  const button = h(
    'button',
    {
      class: 'chip tool columns-button',
      'aria-label': MENU.button,
      title: MENU.buttonTip,
      'data-testid': 'columns-open',
    },
    icon(COLUMNS)
  );
  const popover = createPopover(button, sheet.element, paint, sheet.first);
  const said = h('span', { class: 'muted', role: 'status', 'data-testid': 'copied' });

  function table(): HTMLElement | null {
    return (button.getRootNode() as ParentNode).querySelector<HTMLElement>('[data-testid="table"]');
  }

  function hear({ kind, body }: PartMessage): void {
    if (kind === 'offered') {
      offered = texts(body, 'names');
      // it may be told anew: what is shown may have gone astray
      Object.entries(hub.desk.state().columns?.shown ?? {}).forEach(([name, on]) => on && want(name));
    } else if (kind === 'suggesting') {
      suggesting = { state: text(body, 'state'), why: words(body.why, 'why', true) };
    }
    paint();
  }

  /** Asks for a feature that is not here. */
  function want(name: string): void {
    const feature = name.startsWith(`x:${FEATURE}`) ? name.slice(2 + FEATURE.length) : null;
    if (feature !== null && hub.source.points?.extra.has(FEATURE + feature) !== true) {
      hub.source.ask(NAME, { what: 'feature', name: feature });
    }
  }

  async function copy(): Promise<void> {
    if (sight === null) {
      return;
    }
    const { points, derived, state, focus, columns } = sight;
    const rows = state.selected.size > 0 ? targets(state) : [focus];
    const order = new Map(Array.from(derived.order, (row, i) => [row, i]));
    const sorted = rows
      .filter((row) => row >= 0)
      .sort((a, b) => (order.get(a) ?? Infinity) - (order.get(b) ?? Infinity) || a - b);
    const lines = tsv(points, derived.ranks, columns, sorted, (row) => hub.source.preview(row));
    setText(said, (await copied(lines)) ? MENU.copied(sorted.length) : MENU.notCopied);
    setTimeout(() => setText(said, ''), 4000);
  }

  function paint(): void {
    const open = popover.isOpen();
    if (sight !== null) {
      const { points, columns, state } = sight;
      sheet.update(
        open,
        open ? listed(points, columns, offered, state.columns, hub.columns) : [],
        suggesting
      );
    }
  }

  const stop = hub.source.hear(NAME, (message) => guarded(hub.source, () => hear(message)));
  return {
    bar: [button],
    footer: [said],
    overlays: [sheet.element],
    style: STYLE,
    press(event) {
      const copies = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'c' && !event.shiftKey;
      const target = event.composedPath()[0] as Element;
      const inGrid = target.closest('[data-testid="table"], .cards') !== null;
      if (copies && inGrid && (document.getSelection()?.toString() ?? '') === '') {
        void copy();
        return true;
      }
      return false;
    },
    paint(now) {
      sight = now;
      paint();
    },
    end() {
      stop();
      popover.end();
    },
  };
}

function listed(
  points: Points,
  shown: readonly Column[],
  offered: readonly string[],
  given: Arrangement = arrange.AS_USUAL,
  choice?: Choice
): SheetColumn[] {
  const all = arrange.allColumns(points, choice);
  const rest = all.filter((one) => !shown.some((other) => arrange.nameOf(other) === arrange.nameOf(one)));
  const here = [...shown, ...rest].filter(({ kind }) => kind !== 'select');
  const known = new Set(here.map(arrange.nameOf));
  const lazy = offered
    .map((name) => ({ id: `x:${FEATURE}${name}`, name }))
    .filter(({ id }) => !known.has(id))
    .map(({ id, name }) => ({
      name: id,
      words: name,
      tip: MENU.feature(name),
      shown: given.shown[id] === true,
      pinned: false,
    }));
  return [
    ...here.map((one) => ({
      name: arrange.nameOf(one),
      words: arrange.fullName(points, one),
      tip: one.tip,
      shown: shown.includes(one),
      pinned: given.pinned.includes(arrange.nameOf(one)),
    })),
    ...lazy,
  ];
}
