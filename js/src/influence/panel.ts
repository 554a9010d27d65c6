/**
 * The influence panel: turns what people do into new states and commands, and keeps the views up to date.
 *
 * As the valuation panel it lives in one open shadow root. For browser tests, `data-testid` names besides those that
 * ../panel.ts lists (toolbar-*, state, relabel-button, drop, undo, saved, point-*, footer-*, row, cell-*, notice, help):
 *   panel (data-view tests|training, data-room, data-theme), tab (data-chip tests|training, aria-selected), stale
 *   tests (the table of test points; data-points), table (the table of training points), cell-predicted
 *   subject (data-row), subject-name, subject-said, subject-sums
 *   helpful, harmful, below (listboxes; data-cards), card (data-row, aria-selected), card-score, card-select, card-preview
 *   threshold (slider), threshold-chart, threshold-words, threshold-clear, as-rows, as-pictures
 *   effects, effects-same, effects-other, worst-test (data-row: position of the test point)
 *   panel has data-editing tests|train: whose edits the keys make; those of test points have the ids of ../parts/edits and
 *   ../views/relabel with "test-" before them (test-relabel-button, test-flag, test-note-open, test-undo, test-log, ...)
 */

import type { Derived } from '../derive';
import { h, onceAFrame, setAttr } from '../dom';
import { createKeys } from '../intents';
import { roomFor, type Room } from '../layout';
import { makeLive, type LivePart, type SetState } from '../live';
import { ViewKeeper } from '../memory';
import { Pace } from '../pace';
import { makeEdits } from '../parts/edits';
import type { Points } from '../points';
import { Presence } from '../presence';
import type { Change, Preview } from '../source';
import * as ui from '../state';
import { watchTheme } from '../theme';
import { createRow, type RowContext } from '../views/row';
import type { TableRow } from '../views/table';
import { testCell, trainCell } from './cells';
import { rememberColumns } from './columns';
import { createDesks, type Desks } from './desks';
import { rememberEffects, type Effects } from './effects';
import { factsOf } from './facts';
import { paint, paintEdits, type Scene } from './paint';
import { assemble, createParts, type Assembly, type PartActions, type Parts } from './parts';
import type { Both } from './points';
import type { InfluenceSource } from './source';
import { below, CARDS, edits, START, type PanelState, type View } from './state';
import { inSight } from './sight';
import { createTestEditing, type TestEditing } from './test_editing';
import { keepOnCard } from './views/gallery';
import { WORDS } from './words';
import type { OfTest } from './wire';
import STYLE from '../../style/panel.raw.css';
import OWN_STYLE from '../../style/influence.css';

/** Rows that fly past are not asked for (ms). */
const PREVIEW_DELAY = 50;

/** Mounts a panel below `parent`; returns how to take it away. */
export function mountInfluence(parent: HTMLElement, source: InfluenceSource): () => void {
  const panel = new Panel(source);
  parent.append(panel.host);
  panel.start();
  return () => panel.destroy();
}

function within(target: EventTarget | undefined, ...areas: readonly HTMLElement[]): boolean {
  return target instanceof Node && areas.some((area) => area.contains(target));
}

class Panel {
  readonly host = h('div', { 'data-lm-suppress-shortcuts': 'true', 'data-dvl-panel': '' });
  private state: PanelState = START;
  private readonly pace = { tests: new Pace(), train: new Pace() };
  private readonly columnsOf = rememberColumns();
  private readonly effectsOf = rememberEffects();
  private effects: Effects | null = null;
  private room: Room = 'wide';
  private later: ReturnType<typeof setTimeout> | undefined;
  private previewTimer: ReturnType<typeof setTimeout> | undefined;
  private visible = { tests: [] as number[], train: [] as number[] };
  private readonly frame = onceAFrame(() => this.render());
  private readonly desks: Desks;
  private readonly live: LivePart;
  private readonly testing: TestEditing;
  private readonly parts: Parts;
  private readonly at: Assembly;
  private readonly presence: Presence;
  private readonly keeper: ViewKeeper<PanelState>;

  constructor(private readonly source: InfluenceSource) {
    this.desks = this.makeDesks();
    const desk = this.desks.train;
    const set: SetState = (change) => this.setTrain(change);
    const marks = makeEdits({ source, desk, set });
    const keys = (marks.keys ?? []).filter(([key]) => key !== 'a'); // nothing is suggested here
    this.live = makeLive(source, desk, set, WORDS, [{ ...marks, keys }]);
    this.testing = createTestEditing(source, this.desks.tests, (change) =>
      this.choose(change(this.pinned().tests).focus)
    );
    this.parts = createParts(this.actions(), this.live);
    const close = () => this.setTrain((s) => ({ ...s, drawer: null }));
    this.at = assemble(this.parts, this.live, this.testing, close);
    this.listen();
    this.presence = new Presence(this.host, this.at.root, {
      bind: () => [
        source.subscribe((change) => this.changed(change)),
        watchTheme(document, (theme) => setAttr(this.at.root, 'data-theme', theme)),
      ],
      sized: () => this.measure(),
      shown: () => this.changed('values'),
    });
    const shown = () => (this.state.view === 'tests' ? this.parts.tests : this.parts.train);
    this.keeper = new ViewKeeper<PanelState>(source.views, this.at.root, {
      get grid() {
        return shown().grid;
      },
      top: () => shown().top(),
      scrollTo: (top) => shown().scrollTo(top),
      focus: () => shown().focus(),
    });
  }

  // --- what people do ------------------------------------------------------------------------------------------

  private makeDesks(): Desks {
    const of = (which: 'tests' | 'train') => ({
      order: () => this.pace[which].derived?.order ?? new Uint32Array(),
      page: () => this.parts[which].page(),
      reveal: (row: number) => this.reveal(which, row),
    });
    return createDesks({
      state: () => this.state,
      pinned: () => this.pinned(),
      set: (state) => this.set(state),
      choose: (row, train) => this.choose(row, train),
      tests: of('tests'),
      train: of('train'),
    });
  }

  private actions(): PartActions {
    const train = (change: (s: ui.UiState) => ui.UiState): void => this.setTrain(change);
    const tests = (change: (s: ui.UiState) => ui.UiState): void =>
      this.set({ ...this.state, tests: change(this.pinned().tests) });
    const order = (): ArrayLike<number> => this.pace.train.derived?.order ?? [];
    const open = (row: number): void =>
      train((s) => ({ ...ui.focusOn(s, row), drawer: this.room === 'narrow' ? 'point' : s.drawer }));
    return {
      drawer: (which) => train((s) => ({ ...s, drawer: s.drawer === which ? null : which })),
      view: (view) => this.show(view),
      filterTests: (part) => tests((s) => ui.filter(s, part)),
      presetTests: (preset) => tests((s) => ui.togglePreset(s, preset)),
      filterTrain: (part) => train((s) => ui.filter(s, part)),
      presetTrain: (preset) => train((s) => ui.togglePreset(s, preset)),
      threshold: (at) => this.set(below(this.pinned(), at)),
      gallery: (shown) => this.set({ ...this.pinned(), gallery: shown, cards: CARDS }),
      openTest: (test) => {
        this.choose(test, { ...this.state.train, drawer: null });
        this.set({ ...this.state, view: 'tests' });
        this.reveal('tests', test);
      },
      clearSelection: () => train(ui.clearSelection),
      failure: () => train((s) => ({ ...s, failure: !s.failure, help: false })),
      tests: {
        sort: (column, refine) => tests((s) => ui.sortBy(s, column, refine)),
        focus: (row) => this.choose(row, this.closed()),
        toggle: (row) => this.choose(row),
        extend: (row) => this.choose(row),
        toggleAll: () => undefined,
        visible: (rows) => this.wantPreviews('tests', rows),
      },
      train: {
        sort: (column, refine) => train((s) => ui.sortBy(s, column, refine)),
        focus: open,
        toggle: (row) => train((s) => ui.toggleRow(s, row)),
        extend: (row) => train((s) => ui.selectTo(s, row, order())),
        toggleAll: () => train((s) => ui.toggleAll(s, order())),
        visible: (rows) => this.wantPreviews('train', rows),
      },
      cards: {
        look: (row) => train((s) => ui.focusOn(s, row)),
        open,
        toggle: (row) => train((s) => ui.toggleRow(s, row)),
        more: () => this.set({ ...this.state, cards: this.state.cards + CARDS }),
      },
      testRow: (columns) => this.row('tests', createRow(columns, testCell)),
      trainRow: (columns) => this.row('train', createRow(columns, trainCell)),
      facts: (data) => (this.source.both === null ? [] : factsOf(this.source.both, data)),
    };
  }

  private listen(): void {
    const { root, body, detail } = this.at;
    const pressed = createKeys(this.desks.keys, {
      ...this.live.editing,
      press: (event) => (edits(this.state) === 'tests' ? this.testing : this.live).editing.press(event),
    });
    this.host
      .attachShadow({ mode: 'open' })
      .append(h('style', {}, STYLE + this.live.style + OWN_STYLE), root);
    for (const event of ['pointermove', 'pointerdown', 'keydown']) {
      body.addEventListener(event, () => [this.pace.tests, this.pace.train].forEach((pace) => pace.touch()));
    }
    for (const element of [detail, this.at.galleries, this.parts.train.element]) {
      element.addEventListener('pointerenter', () => (this.state = this.pinned()));
      element.addEventListener('focusin', () => (this.state = this.pinned()));
    }
    for (const event of ['pointerdown', 'focusin', 'keydown']) {
      root.addEventListener(event, (e) => this.aim(e.composedPath()[0]));
    }
    root.addEventListener('keydown', (event) => this.live.passOn(event, this.host));
    root.addEventListener('keydown', (event) => this.ownKey(event));
    root.addEventListener('keydown', (event) => pressed(event, this.shown().grid));
    for (const event of ['keydown', 'keyup', 'keypress']) {
      root.addEventListener(event, (e) => e.stopPropagation()); // no key typed here is the notebook's
    }
  }

  /** The keys edit the test point after somebody was at the list of those, the training point after its cards. */
  private aim(target: EventTarget | undefined): void {
    const { side, galleries, detail, work } = this.at;
    const tests = within(target, side.tests, this.parts.subject.element);
    if (tests || within(target, galleries, detail, work.training)) {
      const editing = tests ? 'tests' : 'train';
      if (editing !== this.state.editing) {
        this.set({ ...this.state, editing });
      }
    }
  }

  /** Keys that only this panel has; and those that would select test points do nothing. */
  private ownKey(event: KeyboardEvent): void {
    const target = event.composedPath()[0];
    const typing = target instanceof HTMLInputElement && target.type !== 'checkbox';
    if (event.defaultPrevented || typing || target instanceof HTMLSelectElement || event.altKey) {
      return;
    }
    const plain = !event.ctrlKey && !event.metaKey;
    const inTests = target instanceof Node && this.parts.tests.grid.contains(target);
    if (plain && event.key === 't') {
      this.show(this.state.view === 'tests' ? 'training' : 'tests');
    } else if (plain && event.key === 'g' && this.state.view === 'training') {
      this.set({ ...this.pinned(), gallery: !this.state.gallery, cards: CARDS });
    } else if (plain && inTests && event.key === 'Enter') {
      this.choose(this.test(), this.closed());
    } else if (!inTests || !(event.key === ' ' || (!plain && event.key === 'a'))) {
      return;
    }
    event.preventDefault();
  }

  private shown() {
    return this.state.view === 'tests' ? this.parts.tests : this.parts.train;
  }

  private show(view: View): void {
    // a training point that was looked at stays in focus; an open drawer belongs to the view that is left
    this.set({ ...this.pinned(), view, train: { ...this.pinned().train, drawer: null } });
  }

  /** Chooses a test point; the training point in focus becomes the one that hurts it most. */
  private choose(row: number, train = this.state.train): void {
    const moved = row !== this.state.tests.focus;
    this.set({
      ...this.state,
      tests: ui.focusOn(this.state.tests, row),
      train: moved ? ui.focusOn(train, -1) : train,
    });
  }

  /** In a narrow panel the list of test points is a drawer, which a choice closes. */
  private closed(): ui.UiState {
    const { train } = this.state;
    return train.drawer === 'overview' ? { ...train, drawer: null } : train;
  }

  private setTrain(change: (state: ui.UiState) => ui.UiState): void {
    this.set({ ...this.state, train: change(this.pinned().train) });
  }

  private set(state: PanelState): void {
    const before = this.state;
    const both = this.source.both;
    this.state = state;
    this.pace.tests.turn(both?.test ?? null, state.tests, before.tests);
    this.pace.train.turn(both?.train ?? null, state.train, before.train);
    this.frame.request();
  }

  // --- what is in focus ----------------------------------------------------------------------------------------

  /** Until somebody chooses one, the test point is the first of its table. */
  private test(): number {
    return this.state.tests.focus >= 0 ? this.state.tests.focus : (this.pace.tests.derived?.order[0] ?? -1);
  }

  private ofTest(): OfTest | null {
    const test = this.test();
    return test < 0 || this.state.view !== 'tests' ? null : this.source.ofTest(test);
  }

  /** Until somebody chooses one, the training point is the one that hurts the test point most, or the lowest. */
  private focus(): number {
    if (this.state.train.focus >= 0) {
      return this.state.train.focus;
    }
    if (this.state.view === 'training') {
      return this.pace.train.derived?.order[0] ?? -1;
    }
    const answer = this.ofTest();
    return answer?.harmful[0] ?? answer?.helpful[0] ?? -1;
  }

  private pinned(): PanelState {
    const { tests, train } = this.state;
    const [test, focus] = [this.test(), this.focus()];
    return test === tests.focus && focus === train.focus
      ? this.state
      : {
          ...this.state,
          tests: test === tests.focus ? tests : ui.focusOn(tests, test),
          train: focus === train.focus ? train : ui.focusOn(train, focus),
        };
  }

  private reveal(which: 'tests' | 'train', row: number): void {
    this.render();
    const inGallery = which === 'train' && this.state.gallery;
    if (!inGallery) {
      this.parts[which].reveal(row);
    }
  }

  // --- life ----------------------------------------------------------------------------------------------------

  start(): void {
    const former = this.keeper.former;
    this.state = former?.state ?? START;
    this.at.root.style.height = former?.height ?? `${this.source.height}px`;
    this.presence.begin();
    this.measure();
    this.render();
    this.comeBack();
  }

  destroy(): void {
    this.keeper.remember(this.state);
    this.presence.end();
    this.live.end();
    this.testing.end();
    this.parts.tests.destroy();
    this.parts.train.destroy();
    this.frame.cancel();
    clearTimeout(this.later);
    clearTimeout(this.previewTimer);
    this.host.remove();
  }

  private measure(): void {
    this.room = roomFor(this.at.root.clientWidth || 1200);
    setAttr(this.at.root, 'data-room', this.room);
    this.comeBack();
    this.frame.request();
  }

  private comeBack(): void {
    if (this.pace.tests.derived !== null) {
      this.keeper.comeBack();
    }
  }

  private changed(change: Change): void {
    if (change === 'previews') {
      this.shown().redraw();
    } else if (change === 'values' || change === 'edits') {
      this.pace.tests.changed();
      this.pace.train.changed();
    }
    this.frame.request();
  }

  private render(): void {
    const { live, source } = this;
    const { both } = source;
    setAttr(this.at.root, 'data-waiting', both === null);
    if (both !== null && (this.presence.onScreen || this.pace.train.derived === null)) {
      this.again(
        this.pace.tests.refresh(both.test, this.state.tests),
        this.pace.train.refresh(both.train, this.state.train)
      );
      this.paint(both, this.pace.tests.derived!, this.pace.train.derived!);
    }
    live.update(both?.train ?? null, this.state.train, ui.targets(this.pinned().train));
    this.keeper.remember(this.state);
  }

  private again(...due: number[]): void {
    const soonest = Math.min(...due.filter((ms) => ms > 0));
    if (soonest < Infinity) {
      clearTimeout(this.later);
      this.later = setTimeout(() => this.frame.request(), soonest);
    }
  }

  private paint(both: Both, tests: Derived, train: Derived): void {
    const focus = this.focus();
    const looking = this.room === 'wide' || this.state.train.drawer === 'point';
    const ofTrain = focus < 0 || !looking ? null : this.source.ofTrain(focus);
    this.effects = this.effectsOf(both, focus, ofTrain?.scores);
    const { tests: list, train: table } = this.parts;
    const columns = this.columnsOf(both, this.room, table.grid.clientWidth, list.grid.clientWidth);
    const scene: Scene = {
      source: this.source,
      both,
      state: this.state,
      tests,
      train,
      test: this.test(),
      focus,
      ofTest: this.ofTest(),
      ofTrain,
      effects: this.effects,
      testColumns: columns.tests,
      trainColumns: columns.train,
    };
    paint(this.parts, this.at, scene);
    paintEdits(this.live, this.testing, this.at, scene);
    keepOnCard(this.at.body, this.host.shadowRoot?.activeElement ?? null, focus);
    this.wantPreviews('tests', this.visible.tests);
  }

  private row(which: 'tests' | 'train', row: ReturnType<typeof createRow>): TableRow {
    const points = (): Points | undefined => this.source.both?.[which === 'tests' ? 'test' : 'train'];
    const preview = (at: number): Preview | undefined =>
      which === 'tests' ? this.source.testPreview(at) : this.source.preview(at);
    return {
      element: row.element,
      paint: (at, index, selected, focused) => {
        const { derived } = this.pace[which];
        const now = points();
        if (now !== undefined && derived !== null) {
          const context: RowContext = { points: now, ranks: derived.ranks, scale: derived.scale, preview };
          row.paint(at, index, selected, focused, context);
        }
      },
    };
  }

  /** Asks for the pictures in sight: rows of the tables, cards, what is in focus. */
  private wantPreviews(which: 'tests' | 'train', rows: number[]): void {
    this.visible[which] = rows;
    this.keeper.remember(this.state); // also after a mere scroll
    if (this.previewTimer === undefined) {
      this.previewTimer = setTimeout(() => {
        this.previewTimer = undefined;
        this.askPreviews();
      }, PREVIEW_DELAY);
    }
  }

  private askPreviews(): void {
    const { both } = this.source;
    if (both === null) {
      return;
    }
    const wanted = inSight(this.state, {
      rows: this.visible,
      order: this.pace.train.derived?.order ?? new Uint32Array(),
      answer: this.ofTest(),
      test: this.test(),
      focus: this.focus(),
      worst: this.effects?.worst ?? [],
    });
    if (both.train.preview.kind !== 'none') {
      this.source.wantPreviews(wanted.train);
    }
    if (both.test.preview.kind !== 'none') {
      this.source.wantTestPreviews(wanted.tests);
    }
  }
}
