/** The menu of the columns, and rows for the clipboard. */

import { h, setText } from '../../dom';
import type { Grid } from '../../grid';
import type { Column } from '../../layout';
import type { Points } from '../../points';
import { text, texts, words } from '../../read';
import { targets, type Arrangement } from '../../state';
import STYLE from '../../../style/parts/columns_menu.css';
import { copied } from '../clipboard';
import { guarded } from '../guarded';
import type { Part, PartMessage, Sight } from '../part';
import { createPopover } from '../popover';
import type { MenuHub } from '../view/buttons';
import { AS_USUAL, fullName, moveColumn, nameOf, pinColumn, showColumn, sizeColumn } from './arrange';
import { FEATURE, NAME } from './fetching';
import { createSheet, type SheetColumn, type Suggesting } from './sheet';
import { tsv } from './tsv';
import { MENU } from './words';

export function makeColumnsMenu(hub: MenuHub): Part {
  const button = hub.buttons.columns;
  let sight: Sight | null = null;
  let offered: readonly string[] = [];
  let suggesting: Suggesting = { state: 'none', why: '' };

  const change = (by: (given: Arrangement) => Arrangement): void =>
    hub.set((s) => ({ ...s, columns: by(s.columns ?? AS_USUAL) }));
  const names = (): string[] => sight?.columns.map(nameOf) ?? [];
  const sheet = createSheet({
    show: (name, on) => change((given) => showColumn(given, name, on)),
    pin: (name, pinned) => change((given) => pinColumn(given, name, pinned)),
    move: (name, by) => change((given) => moveColumn(given, names(), name, names().indexOf(name) + by)),
    widen(name, by) {
      const cell = table()?.querySelector(`[data-column="${CSS.escape(name)}"]`);
      const width = cell?.getBoundingClientRect().width ?? 100;
      change((given) => sizeColumn(given, name, width + by));
    },
    reset: () => hub.set((s) => ({ ...s, columns: AS_USUAL })),
    copy: () => void copy(),
    suggest: () => void hub.source.ask(NAME, { what: 'suggest' }),
    close: () => popover.close(),
  });
  const popover = createPopover(button, sheet.element, paint, sheet.first);
  const said = h('span', { class: 'muted', role: 'status', 'data-testid': 'copied' });

  function table(): HTMLElement | null {
    return (button.getRootNode() as ParentNode).querySelector<HTMLElement>('[data-testid="table"]');
  }

  function hear({ kind, body }: PartMessage): void {
    if (kind === 'offered') {
      offered = texts(body, 'names');
    } else if (kind === 'suggesting') {
      suggesting = { state: text(body, 'state'), why: words(body.why, 'why', true) };
    }
    paint();
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
        open ? listed(points, columns, offered, state.columns, hub.grid?.()) : [],
        suggesting
      );
    }
  }

  const stop = hub.source.hear(NAME, (message) => guarded(hub.source, () => hear(message)));
  return {
    footer: [said],
    overlays: [sheet.element],
    style: STYLE,
    press(event, target) {
      const copies = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'c' && !event.shiftKey;
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
  given: Arrangement = AS_USUAL,
  grid?: Grid
): SheetColumn[] {
  const all = grid?.all(points) ?? [];
  const rest = all.filter((one) => !shown.some((other) => nameOf(other) === nameOf(one)));
  const here = [...shown, ...rest].filter(({ kind }) => kind !== 'select');
  const known = new Set(here.map(nameOf));
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
      name: nameOf(one),
      words: fullName(points, one),
      tip: one.tip,
      shown: shown.includes(one),
      pinned: given.pinned.includes(nameOf(one)),
    })),
    ...lazy,
  ];
}
