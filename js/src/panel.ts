/**
 * The valuation panel: puts the views together, and turns what people do into new states and commands.
 *
 * Everything lives in one open shadow root. For browser tests, `data-testid` names (and other stable attributes):
 *   panel (data-room wide|medium|narrow, data-theme light|dark, data-live, data-rows: false where a copy has none)
 *   waiting, notice, sheet, help, note
 *   state (data-state, data-asked), progress-text, toolbar-start, toolbar-pause, toolbar-resume, toolbar-stop
 *   open-overview, open-point (drawers; narrow panels only), close-drawer
 *   histogram, before-toggle, before-said, certainty-chart (data-points, data-stabilities), stability,
 *   reason, announcement, edits-summary, undo, redo
 *   chip (data-chip lowest|unconverged|edited|dropped|selected|value, aria-pressed), filter-label, filter-text
 *   as-gallery (aria-pressed), gallery (data-points; its tiles are rows)
 *   table (data-points: rows that pass the filters), select-all, sort-COLUMN (rank, id, label, value, stderr, count, f0...)
 *   row (data-row: position of the point, aria-selected), row-select, preview (data-drawn)
 *   cell-rank, cell-id, cell-text, cell-label, cell-value, cell-stderr, cell-count, cell-feature
 *   point-preview, point-name, point-facts, relabel-button (data-code), relabel-field, relabel-apply, drop, point-undo
 *   footer-shown, footer-selected, saved (data-unsaved), footer-failures, footer-warnings, footer-share
 */

import { h, onceAFrame, setAttr, show } from './dom';
import type { Walks } from './grid';
import { LIVE } from './here';
import { createKeys, type Desk } from './intents';
import { roomFor, type Room } from './layout';
import type { LivePart, MakeLive, SetState } from './live';
import type { ViewKeeper } from './memory';
import { createPainter, FRAMES } from './painter';
import { assemble, createViews, type Inside, type Views } from './panel_views';
import { keepColumns } from './shown_columns';
import type { Change, LiveSource, Source } from './source';
import * as ui from './state';
import { stay, type Stay, type StayActions } from './stay';
import { Steady } from './steady';
import { watchTheme } from './theme';
import STYLE from '../style/panel.raw.css';

/** Mounts a panel below `parent`; returns how to take it away. `makeLive` is null for a saved page, which has `walks`. */
export function mountPanel(parent: HTMLElement, source: LiveSource, makeLive: MakeLive): () => void;
export function mountPanel(parent: HTMLElement, source: Source, makeLive: null, walks: Walks): () => void;
export function mountPanel(
  parent: HTMLElement,
  source: Source,
  makeLive: MakeLive | null,
  walks: Walks | null = null
): () => void {
  const panel = new Panel(source, makeLive, walks);
  parent.append(panel.host);
  panel.start();
  return () => panel.destroy();
}

class Panel {
  readonly host = h('div', { 'data-lm-suppress-shortcuts': 'true', 'data-dvl-panel': '' });
  #state: ui.UiState = ui.INITIAL;
  readonly #pace: Steady;
  #room: Room = 'wide';
  #later: ReturnType<typeof setTimeout> | undefined;
  #visible: number[] = [];
  /** How often something outside this view changed. */
  #version = 0;
  readonly #source: Source;
  readonly #presence: Stay;
  readonly #frame = onceAFrame(() => this.#render());
  readonly #live: LivePart | null;
  readonly #columns: ReturnType<typeof keepColumns>;
  readonly #views: Views;
  /** How many frames of a first paint are to come. */
  #still = FRAMES;
  readonly #paint: ReturnType<typeof createPainter>;
  readonly #root: HTMLElement;
  readonly #keeper: ViewKeeper | null;

  constructor(source: Source, makeLive: MakeLive | null, walks: Walks | null) {
    this.#source = source;
    const desk: Desk = {
      state: () => this.#pinned(),
      order: () => this.#pace.derived?.order ?? new Uint32Array(),
      set: (state) => this.#set(state),
      page: () => this.#views.table.page(),
      reveal: (row) => this.#reveal(row),
    };
    const live = (this.#live = LIVE ? (makeLive?.(source as LiveSource, desk, this.#change) ?? null) : null);
    this.#pace = (LIVE && live?.pace) || new Steady();
    this.#columns = keepColumns(source.live, LIVE ? live?.grid : undefined);
    const inside: Inside = {
      source,
      live,
      walks,
      set: this.#change,
      turn: (part) => this.#set({ ...this.#state, ...part }),
      state: () => this.#state,
      derived: () => this.#pace.derived,
      room: () => this.#room,
      version: () => this.#version,
      visible: (rows) => this.#wantPreviews(rows),
    };
    this.#views = createViews(inside);
    this.#paint = createPainter(this.#views, inside);
    this.#root = this.#assemble(inside, createKeys(desk, (LIVE && live?.editing) || null));
    const actions: StayActions = {
      bind: () => [
        ...(LIVE && source.subscribe !== undefined
          ? [source.subscribe((change) => this.#changed(change))]
          : []),
        watchTheme(document, (theme) => setAttr(this.#root, 'data-theme', theme)),
      ],
      sized: () => this.#measure(),
      shown: () => (LIVE ? this.#changed('values') : this.#frame.request()),
    };
    this.#presence = (LIVE && live?.attend(this.host, this.#root, actions)) || stay(this.#root, actions);
    this.#keeper = (LIVE && live?.keep(this.#root, this.#views.table)) || null;
  }

  readonly #change: SetState = (change) => this.#set(change(this.#pinned()));

  #assemble(inside: Inside, press: ReturnType<typeof createKeys>): HTMLElement {
    const live = LIVE ? inside.live : null;
    const views = this.#views;
    const { root, body, detail } = assemble(views, inside);
    this.host.attachShadow({ mode: 'open' }).append(h('style', {}, STYLE + (live?.style ?? '')), root);
    detail.addEventListener('pointerenter', () => this.#pin());
    views.table.element.addEventListener('focusin', () => this.#pin());
    if (LIVE) {
      // what is not shown yet takes no room: the table is as high as it will be, and makes all its rows at once
      const later = [views.gallery.element, ...views.chips.element.querySelectorAll('[data-testid=chip]')];
      later.forEach((one) => show(one, false));
      for (const event of ['pointermove', 'pointerdown', 'keydown']) {
        body.addEventListener(event, () => this.#pace.touch());
      }
    }
    root.addEventListener('keydown', (event) => {
      if (LIVE && this.#frame.pending()) {
        this.#render(); // a key means what was chosen a moment before, though it is not on the screen yet
      }
      const tiles = this.#showsTiles();
      press(event, tiles ? views.gallery.element : views.table.grid, tiles);
    });
    for (const type of ['keydown', 'keyup', 'keypress'] as const) {
      // no key typed here is the notebook's
      root.addEventListener(
        type,
        (event) => (LIVE && live?.passOn(event, this.host)) || event.stopPropagation()
      );
    }
    return root;
  }

  start(): void {
    const former = this.#keeper?.former;
    this.#state = former?.state ?? ui.INITIAL;
    if (LIVE && former != null) {
      this.#still = 0; // who comes back finds all as it was
    }
    this.#root.style.height = former?.height ?? (this.#source.height > 0 ? `${this.#source.height}px` : '');
    this.#presence.begin();
    this.#measure();
    this.#comeBack();
  }

  destroy(): void {
    this.#end();
    this.#presence.end();
    this.#views.table.destroy();
    this.#frame.cancel();
    clearTimeout(this.#later);
    this.host.remove();
  }

  #end(): void {
    if (LIVE) {
      this.#keeper?.remember(this.#state);
      this.#live?.end();
    }
  }

  #measure(): void {
    this.#room = roomFor(this.#root.clientWidth || 1200);
    setAttr(this.#root, 'data-room', this.#room);
    this.#comeBack();
    this.#render(); // at once: a frame later the page may have hidden it for a moment, and sizes would be 0
    this.#frame.request(); // and once the table has heard how wide it is now
  }

  #comeBack(): void {
    if (LIVE && this.#pace.derived !== null) {
      this.#keeper?.comeBack();
    }
  }

  #changed(change: Change): void {
    if (!LIVE) {
      return;
    }
    this.#version += 1;
    if (change === 'previews' && !this.#showsTiles()) {
      this.#views.table.redraw();
    } else if (change === 'values' || change === 'edits') {
      this.#pace.changed();
    }
    this.#frame.request();
  }

  #set(state: ui.UiState): void {
    const before = this.#state;
    this.#state = state;
    this.#pace.turn(this.#source.points, state, before);
    this.#frame.request();
  }

  /** Until somebody chooses a point, the one in focus is the first of the table, whichever that is at the time. */
  #focus(): number {
    return this.#state.focus >= 0 ? this.#state.focus : (this.#pace.derived?.order[0] ?? -1);
  }

  #pinned(): ui.UiState {
    const focus = this.#focus();
    return focus === this.#state.focus ? this.#state : ui.focusOn(this.#state, focus);
  }

  #pin(): void {
    this.#state = this.#pinned();
  }

  #reveal(row: number): void {
    this.#render();
    this.#views[this.#showsTiles() ? 'gallery' : 'table'].reveal(row);
  }

  /** A gallery needs pictures or texts. */
  #showsTiles(): boolean {
    return this.#state.gallery && this.#source.points?.preview.kind !== 'none';
  }

  #wantPreviews(rows: number[]): void {
    if (LIVE) {
      this.#visible = rows;
      this.#keeper?.remember(this.#state); // also after a mere scroll
      this.#live?.want(() => [...new Set([...this.#visible, this.#focus()])]);
    }
  }

  #render(): void {
    this.#frame.cancel(); // whoever could not wait has it rendered now
    const live = LIVE ? this.#live : null;
    const { points } = this.#source;
    const first = LIVE && this.#still > 0;
    setAttr(this.#root, 'data-waiting', points === null);
    if (LIVE) {
      setAttr(this.#root, 'data-first', this.#still > 1);
    }
    if (points !== null && (this.#presence.onScreen || this.#pace.derived === null || first)) {
      const due = this.#pace.refresh(points, this.#state);
      if (LIVE) {
        setAttr(this.#root, 'data-held', this.#pace.held);
      }
      if (LIVE && due > 0) {
        clearTimeout(this.#later);
        this.#later = setTimeout(() => this.#frame.request(), due);
      }
      const columns = this.#columns(points, this.#room, this.#views.table.width(), this.#state.columns);
      setAttr(this.#root, 'data-drawer', this.#state.drawer);
      setAttr(this.#root, 'data-rows', points.n === 0 && points.whole !== null ? 'false' : null);
      this.#paint(
        {
          points,
          state: this.#state,
          derived: this.#pace.derived!,
          focus: this.#focus(),
          columns,
          tiles: this.#showsTiles(),
        },
        this.#still
      );
      if (LIVE && first) {
        this.#still -= 1;
        this.#frame.request();
      }
    }
    if (LIVE) {
      live?.update(points, this.#state, first ? null : ui.targets(this.#pinned()));
      this.#keeper?.remember(this.#state);
    }
  }
}
