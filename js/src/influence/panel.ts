/**
 * The influence panel: puts the views together, and keeps them up to date.
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
import { roomFor, type Room } from '../layout';
import { makeLive, type LivePart } from '../live';
import { ViewKeeper } from '../memory';
import { makeEdits } from '../parts/edits';
import { makeLanguage } from '../parts/expression/wanted';
import { makeLater } from '../parts/later';
import { makePaper } from '../parts/paper';
import type { Hub, Part } from '../parts/part';
import { makeView } from '../parts/view';
import { Presence } from '../presence';
import type { Change } from '../source';
import { targets } from '../state';
import { watchTheme } from '../theme';
import { createActions } from './actions';
import { Chosen } from './chosen';
import { choiceOf, rememberColumns } from './columns';
import { createDesks } from './desks';
import { rememberEffects, type Effects } from './effects';
import { listen } from './listen';
import { createLooking } from './looking';
import { arrange, paint, paintEdits, type Scene } from './paint';
import { assemble, createParts, type Assembly, type Parts } from './parts';
import type { Both } from './points';
import type { InfluenceSource } from './source';
import { START, wantsTraining, type PanelState } from './state';
import { createTestEditing, type TestEditing } from './test_editing';
import { keepOnCard } from './views/gallery';
import { Say, WORDS } from './words';
import STYLE from '../../style/panel.raw.css';
import OWN_STYLE from '../../style/influence.css';

/** Parts of the training points, which come when somebody turns to the panel, or where those are shown. */
const LATER = ['table', 'pictures'];

/** Mounts a panel below `parent`; returns how to take it away. */
export function mountInfluence(parent: HTMLElement, source: InfluenceSource): () => void {
  const panel = new Panel(source);
  parent.append(panel.host);
  panel.start();
  return () => panel.destroy();
}

class Panel {
  readonly host = h('div', { 'data-lm-suppress-shortcuts': 'true', 'data-dvl-panel': '' });
  readonly #source: InfluenceSource;
  readonly #frame = onceAFrame(() => this.#render());
  readonly #chosen: Chosen;
  readonly #looking: ReturnType<typeof createLooking>;
  readonly #columnsOf = rememberColumns();
  readonly #effectsOf = rememberEffects();
  #effects: Effects | null = null;
  #room: Room = 'wide';
  #later: ReturnType<typeof setTimeout> | undefined;
  readonly #live: LivePart;
  /** Columns and filters of the training points, which come after the panel. */
  readonly #table: Part;
  readonly #testing: TestEditing;
  readonly #parts: Parts;
  readonly #at: Assembly;
  readonly #presence: Presence;
  readonly #keeper: ViewKeeper<PanelState>;

  constructor(source: InfluenceSource) {
    this.#source = source;
    const grid = () => this.#table.grid;
    const chosen = (this.#chosen = new Chosen(
      source,
      () => this.#frame.request(),
      (...of) => grid()?.more(...of) ?? []
    ));
    this.#looking = createLooking(source, chosen, () => this.#effects?.worst ?? []);
    const table = (which: 'tests' | 'train') => ({
      page: () => this.#parts[which].page(),
      reveal: (row: number) => this.#reveal(which, row),
    });
    const desks = createDesks(chosen, { tests: table('tests'), train: table('train') });
    const hub: Hub = {
      source,
      desk: desks.train,
      set: chosen.train.bind(chosen),
      columns: choiceOf(source),
      grid,
      rows: Say.training,
    };
    const marks = makeEdits(hub);
    const keys = (marks.keys ?? []).filter(([key]) => key !== 'a'); // nothing is suggested here
    const [tableLater, pictures] = LATER.map((name) =>
      makeLater(name, { turned: true, needed: () => wantsTraining(this.#chosen.state) })(hub)
    ) as [Part, Part];
    this.#table = tableLater;
    const all = [{ ...marks, keys }, tableLater, makeLanguage(hub), pictures, makeView(hub), makePaper()];
    const live = (this.#live = makeLive(source, hub.desk, hub.set, WORDS, all));
    this.#testing = createTestEditing(source, desks.tests, (change) =>
      chosen.choose(change(chosen.pinned().tests).focus)
    );
    const actions = createActions({
      source,
      chosen,
      room: () => this.#room,
      reveal: (which, row) => this.#reveal(which, row),
      grid,
      visible: (which, rows) => this.#visible(which, rows),
    });
    const parts = (this.#parts = createParts(actions, live, grid));
    const close = (): void => hub.set((s) => ({ ...s, drawer: null }));
    const at = (this.#at = assemble(parts, live, this.#testing, close));
    this.host.attachShadow({ mode: 'open' }).append(h('style', {}, STYLE + live.style + OWN_STYLE), at.root);
    listen({ host: this.host, at, parts, chosen, live, testing: this.#testing, desk: desks.keys });
    this.#presence = this.#attend();
    this.#keeper = this.#keep();
  }

  #attend(): Presence {
    const { root } = this.#at;
    return new Presence(this.host, root, {
      bind: () => [
        this.#source.subscribe((change) => this.#changed(change)),
        watchTheme(document, (theme) => setAttr(root, 'data-theme', theme)),
      ],
      sized: () => this.#measure(),
      shown: () => this.#changed('values'),
    });
  }

  #keep(): ViewKeeper<PanelState> {
    const shown = () => this.#shown();
    return new ViewKeeper<PanelState>(this.#source.views, this.#at.root, {
      get grid() {
        return shown().grid;
      },
      top: () => shown().top(),
      scrollTo: (top) => shown().scrollTo(top),
      focus: () => shown().focus(),
    });
  }

  start(): void {
    const former = this.#keeper.former;
    this.#chosen.state = former?.state ?? START;
    this.#at.root.style.height = former?.height ?? `${this.#source.height}px`;
    this.#presence.begin();
    this.#measure();
    this.#render();
    this.#comeBack();
  }

  destroy(): void {
    this.#keeper.remember(this.#chosen.state);
    this.#presence.end();
    this.#live.end();
    this.#testing.end();
    this.#parts.tests.destroy();
    this.#parts.train.destroy();
    this.#frame.cancel();
    clearTimeout(this.#later);
    this.#looking.end();
    this.host.remove();
  }

  #shown() {
    return this.#parts[this.#chosen.state.view === 'tests' ? 'tests' : 'train'];
  }

  #measure(): void {
    this.#room = roomFor(this.#at.root.clientWidth || 1200);
    setAttr(this.#at.root, 'data-room', this.#room);
    this.#comeBack();
    this.#frame.request();
  }

  #comeBack(): void {
    if (this.#chosen.pace.tests.derived !== null) {
      this.#keeper.comeBack();
    }
  }

  #changed(change: Change): void {
    if (change === 'previews') {
      this.#shown().redraw();
    } else if (change === 'values' || change === 'edits') {
      this.#chosen.pace.tests.changed();
      this.#chosen.pace.train.changed();
    }
    this.#frame.request();
  }

  #reveal(which: 'tests' | 'train', row: number): void {
    this.#render();
    const inGallery = which === 'train' && this.#chosen.state.gallery;
    if (!inGallery) {
      this.#parts[which].reveal(row);
    }
  }

  #visible(which: 'tests' | 'train', rows: number[]): void {
    this.#looking.rows[which] = rows;
    this.#keeper.remember(this.#chosen.state); // also after a mere scroll
    this.#looking.want();
  }

  #render(): void {
    const { both } = this.#source;
    const { state, pace } = this.#chosen;
    setAttr(this.#at.root, 'data-waiting', both === null);
    if (both !== null && (this.#presence.onScreen || pace.train.derived === null)) {
      this.#again(pace.tests.refresh(both.test, state.tests), pace.train.refresh(both.train, state.train));
      this.#paint(both, pace.tests.derived!, pace.train.derived!);
    }
    this.#live.update(both?.train ?? null, state.train, targets(this.#chosen.pinned().train));
    this.#keeper.remember(state);
  }

  #again(...due: number[]): void {
    const soonest = Math.min(...due.filter((ms) => ms > 0));
    if (soonest < Infinity) {
      clearTimeout(this.#later);
      this.#later = setTimeout(() => this.#frame.request(), soonest);
    }
  }

  #paint(both: Both, tests: Derived, train: Derived): void {
    const source = this.#source;
    const chosen = this.#chosen;
    const { state } = chosen;
    const focus = chosen.focus();
    const looking = this.#room === 'wide' || state.train.drawer === 'point';
    const ofTrain = focus < 0 || !looking ? null : source.ofTrain(focus);
    const effects = (this.#effects = this.#effectsOf(both, focus, ofTrain?.scores));
    const { tests: list, train: table } = this.#parts;
    arrange(this.#at, state);
    const widths = [table.grid.clientWidth, list.grid.clientWidth] as const;
    const columns = this.#columnsOf(both, this.#room, widths, this.#table.grid, state.train.columns);
    const scene: Scene = {
      ...{ source, both, state, tests, train, focus, ofTrain, effects },
      test: chosen.test(),
      ofTest: chosen.ofTest(),
      testColumns: columns.tests,
      trainColumns: columns.train,
    };
    paint(this.#parts, this.#at, scene);
    paintEdits(this.#live, this.#testing, this.#at, scene);
    keepOnCard(this.#at.body, this.host.shadowRoot?.activeElement ?? null, focus);
    this.#looking.want();
  }
}
