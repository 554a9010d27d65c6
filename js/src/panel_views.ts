/** The views of the valuation panel, what each may do, and the elements that they stand in. */

import type { Derived } from './derive';
import { h, icon } from './dom';
import type { Filters } from './filters';
import type { Walks } from './grid';
import { LIVE } from './here';
import { TILES } from './icons';
import type { Column, Room } from './layout';
import type { LivePart, SetState } from './live';
import type { Part } from './parts/part';
import type { Source } from './source';
import * as ui from './state';
import { createCertainty } from './views/certainty';
import { createChips } from './views/chips';
import { createEdits } from './views/edits';
import { createGallery } from './views/gallery';
import { createHistogram } from './views/histogram';
import { createPoint } from './views/point';
import { createRow } from './views/row';
import { createStatus } from './views/status';
import { createTable } from './views/table';
import { createToolbar } from './views/toolbar';
import { Say } from './words';

/** What the views need of the panel. */
export interface Inside {
  readonly source: Source;
  readonly live: LivePart | null;
  /** How the table of a saved page is walked; a live one brings its own. */
  readonly walks: Walks | null;
  /** Changes the state; the point in focus is a chosen one from then on. */
  readonly set: SetState;
  /** Changes what has nothing to do with points. */
  readonly turn: (part: Partial<ui.UiState>) => void;
  readonly state: () => ui.UiState;
  readonly derived: () => Derived | null;
  readonly room: () => Room;
  /** Another one where something changed outside this view. */
  readonly version: () => number;
  readonly visible: (rows: number[]) => void;
}

export type Views = ReturnType<typeof createViews>;

export function createViews(inside: Inside) {
  const { source, live: half, set, turn, state, derived, room, version, visible } = inside;
  const live = LIVE ? half : null;
  const grid = LIVE ? live?.grid : undefined;
  const walks = grid ?? inside.walks;
  const filter = (part: Partial<Filters>): void => set((s) => ui.filter(s, part));
  const order = (): ArrayLike<number> => derived()?.order ?? [];
  const pick = {
    focus: (row: number) =>
      set((s) => ({ ...ui.focusOn(s, row), drawer: room() === 'narrow' ? 'point' : s.drawer })),
    toggle: (row: number) => set((s) => ui.toggleRow(s, row)),
    extend: (row: number) => set((s) => ui.selectTo(s, row, order())),
    visible,
  };
  const preview = (at: number) => source.preview(at);

  function makeRow(columns: readonly Column[]) {
    const row = createRow(columns, grid && ((column) => grid.cell(column)));
    const { element } = row;
    let painted: readonly unknown[] = [];
    walks?.dressRow(element, columns);
    return {
      element,
      paint(at: number, index: number, selected: boolean, focused: boolean) {
        const { points } = source;
        const now = derived();
        if (points !== null && now !== null) {
          const of = LIVE ? [at, index, selected, focused, now.scale, version()] : [];
          if (!LIVE || of.some((item, i) => item !== painted[i])) {
            painted = of;
            row.paint(at, index, selected, focused, { points, ranks: now.ranks, scale: now.scale, preview });
          }
          walks?.painted(element, focused);
        }
      },
    };
  }

  const tiles = h(
    'button',
    {
      class: LIVE ? 'chip tool' : 'chip', // eslint-disable-line no-restricted-syntax -- names of classes
      'data-testid': 'as-gallery',
      'aria-label': LIVE && Say.gallery,
      title: Say.galleryTip,
      onclick: () => turn({ gallery: !state().gallery }),
    },
    LIVE ? icon(TILES) : Say.gallery
  );
  return {
    tiles,
    toolbar: createToolbar(
      { drawer: (which) => set((s) => ({ ...s, drawer: s.drawer === which ? null : which })) },
      live?.controls ?? h('span')
    ),
    histogram: createHistogram({ brush: (value) => filter({ value }) }),
    certainty: createCertainty(),
    edits: createEdits(live?.takeBack ?? ''),
    chips: createChips({ toggle: (preset) => set((s) => ui.togglePreset(s, preset)), filter }),
    gallery: createGallery(pick, makeRow),
    table: createTable(
      {
        ...pick,
        sort: (column, refine) => set((s) => ui.sortBy(s, column, refine)),
        toggleAll: () => set((s) => ui.toggleAll(s, order())),
      },
      makeRow,
      walks ?? undefined
    ),
    point: createPoint(),
    status: createStatus({
      clearSelection: () => set(ui.clearSelection),
      failure: () => set((s) => ({ ...s, failure: !s.failure, help: false })),
    }),
  };
}

/** The whole panel, the part of it that people work in, and the column of the point in focus. */
export function assemble(views: Views, { source, live: half, turn }: Inside) {
  const live = LIVE ? half : null;
  const region = (name: string, label: string, ...children: (HTMLElement | string)[]): HTMLElement =>
    h(
      'div',
      { class: name, role: 'region', 'aria-label': label },
      h(
        'button',
        {
          class: 'button drawer-close',
          'data-testid': 'close-drawer',
          onclick: () => turn({ drawer: null }),
        },
        Say.close
      ),
      ...children
    );
  const detail = region('detail', Say.inFocus, views.point.element, live?.detail ?? '');
  const body = h(
    'div',
    { class: 'body' },
    region('overview', Say.overview, views.histogram.element, views.certainty.element, views.edits.element),
    h('div', { class: 'work' }, views.chips.element, views.table.element, views.gallery.element),
    detail
  );
  const root = h(
    'div',
    {
      class: 'panel',
      'data-testid': 'panel',
      'data-live': source.live,
      role: 'region',
      'aria-label': Say.panel,
    },
    views.toolbar.element,
    views.toolbar.line,
    live?.notice ?? '',
    h('p', { class: 'note muted', 'data-testid': 'note', hidden: !source.note }, source.note),
    body,
    views.status.element,
    ...(live?.overlays ?? [])
  );
  views.chips.element.append(views.tiles);
  if (LIVE) {
    placeParts(live?.parts ?? [], views, detail);
  }
  return { root, body, detail };
}

/** Elements of the parts go where they belong; the edits stay the last card of the left column. */
function placeParts(parts: readonly Part[], views: Views, detail: HTMLElement): void {
  for (const part of parts) {
    views.edits.element.before(...(part.overview ?? []));
    views.chips.element.append(...(part.bar ?? []));
    detail.append(...(part.detail ?? []));
    views.status.element.firstElementChild!.append(...(part.footer ?? []));
    views.status.element.append(...(part.deeds ?? []));
  }
}
