/** Brings the views of an influence panel up to date with both sets of points and the state of the view. */

import type { Derived } from '../derive';
import { setAttr, setText, show } from '../dom';
import { percent } from '../format';
import type { Column } from '../layout';
import type { LivePart } from '../live';
import { areAllSelected, indexOf } from '../state';
import { emptyWords } from '../words';
import type { Card } from './card';
import type { Effects } from './effects';
import { tilesOf } from './facts';
import type { Assembly, Parts } from './parts';
import { withoutOwn, type Both } from './points';
import type { InfluenceSource } from './source';
import { doubtful, edits, thresholdOf, type PanelState } from './state';
import type { TestEditing } from './test_editing';
import type { GalleryData } from './views/gallery';
import { noAnswer, quantileBrief, quantileName, quantileTip, Say, staleWords, testsShown } from './words';
import type { Edits } from '../wire';
import type { OfTest, OfTrain } from './wire';

export interface Scene {
  readonly source: InfluenceSource;
  readonly both: Both;
  readonly state: PanelState;
  readonly tests: Derived;
  readonly train: Derived;
  /** The chosen test point, and the training point in focus; -1 for none. */
  readonly test: number;
  readonly focus: number;
  readonly ofTest: OfTest | null;
  readonly ofTrain: OfTrain | null;
  readonly effects: Effects | null;
  readonly testColumns: readonly Column[];
  readonly trainColumns: readonly Column[];
}

/** Shows what belongs to the view and to an open drawer; sizes are those of what is shown. */
export function arrange(at: Assembly, { view, train }: PanelState): void {
  setAttr(at.root, 'data-view', view);
  setAttr(at.root, 'data-drawer', train.drawer);
  for (const each of ['tests', 'training'] as const) {
    show(at.side[each], each === view);
    show(at.work[each], each === view);
  }
}

export function paint(parts: Parts, at: Assembly, scene: Scene): void {
  const { source, both, state } = scene;
  const { train, test } = both;
  const tests = state.view === 'tests';
  parts.toolbar.update(source, train, state.train.drawer, at.root.dataset.room === 'narrow');
  setText(parts.toolbar.method, train.method); // the tabs say how many points there are
  setText(parts.toolbar.overview, tests ? Say.list : Say.overview);
  setAttr(parts.toolbar.overview, 'title', tests ? Say.listTip : null);
  const waiting = both.head.waiting.length + both.head.tests_waiting.length;
  parts.tabs.update(state.view, test.n, train.n, staleWords(train.edits, waiting, test.edits));
  (tests ? paintTests : paintTraining)(parts, at, scene);
  paintPoint(parts, scene);
  parts.status.update({
    points: { ...train, edits: inAll(train.edits, test.edits) },
    shown: scene.train.order.length,
    selected: state.train.selected.size,
    unsaved: source.unsaved,
    live: true,
  });
  if (tests) {
    const words = testsShown(scene.tests.order.length, test.n);
    setText(parts.status.element.querySelector('[data-testid="footer-shown"]')!, words);
  }
}

/** Whose edits the keys make, and what was edited on either side. */
export function paintEdits(live: LivePart, testing: TestEditing, at: Assembly, scene: Scene): void {
  const { source, both, state, tests, train, test, focus } = scene;
  const editing = edits(state);
  setAttr(at.root, 'data-editing', editing);
  show(at.here, state.view === 'tests' && editing === 'train' && focus >= 0);
  testing.update(both, test, editing === 'tests', source.unsaved);
  const { testColumns, trainColumns } = scene;
  const list = { columns: testColumns, points: both.test, state: state.tests, derived: tests, focus: test };
  testing.paint(list);
  const table = { columns: trainColumns, points: both.train, state: state.train, derived: train, focus };
  live.paint(table);
}

function paintTests(parts: Parts, at: Assembly, scene: Scene): void {
  const { both, state, tests, test, ofTest } = scene;
  parts.testChips.update(state.tests.filters, tests.counts, both.test.label);
  parts.tests.update({
    columns: scene.testColumns,
    order: tests.order,
    n: both.test.n,
    sort: state.tests.sort,
    focus: test,
    selected: NOBODY,
    allSelected: false,
    empty: emptyWords(both.test.n),
  });
  const answer = test < 0 ? null : ofTest;
  parts.subject.update(
    test < 0
      ? null
      : {
          points: both.test,
          row: test,
          preview: scene.source.testPreview(test),
          answer,
          waits: both.head.tests_waiting.includes(test),
        }
  );
  setAttr(at.galleries, 'data-outdated', answer !== null && answer.revision !== both.head.revision);
  const none = test < 0 ? Say.noTest : noAnswer(both.train.status, both.head.known);
  const scale = answer === null ? 1 : largest(answer.helpful_scores, answer.harmful_scores);
  const data = (rows: Uint32Array, scores: Float32Array, empty: string): GalleryData => ({
    ...gallery(
      scene,
      [...rows].map((row, i): Card => ({ row, score: scores[i]! }))
    ),
    empty: answer === null ? none : empty,
    scale,
  });
  const { helpful, helpful_scores, harmful, harmful_scores } = answer ?? EMPTY;
  parts.helpful.update(data(helpful, helpful_scores, Say.noHelpful));
  parts.harmful.update(data(harmful, harmful_scores, Say.noHarmful));
}

/** Of both logs, for the word that all is saved. */
function inAll(train: Edits, test: Edits): Edits {
  const paths = [train, test].filter((edits) => edits.count > 0).map((edits) => edits.path);
  return { ...train, count: train.count + test.count, path: paths.join('\n') };
}

const NOBODY: ReadonlySet<number> = new Set();
const EMPTY = {
  helpful: new Uint32Array(),
  helpful_scores: new Float32Array(),
  harmful: new Uint32Array(),
  harmful_scores: new Float32Array(),
};

function largest(...columns: readonly Float32Array[]): number {
  return Math.max(0, ...columns.flatMap((column) => [...column].map(Math.abs)));
}

function gallery({ source, both, state, train, focus }: Scene, cards: readonly Card[]): GalleryData {
  return {
    cards,
    points: both.train,
    quantile: quantileBrief(percent(both.quantile)),
    quantileTip: quantileTip(percent(both.quantile)),
    focus,
    selected: state.train.selected,
    preview: (row) => source.preview(row),
    doubtful: (row) => doubtful(state, train, both.train.value, row),
    scale: 1,
    empty: '',
    more: 0,
  };
}

function paintTraining(parts: Parts, _: Assembly, scene: Scene): void {
  const { both, state, train, focus } = scene;
  const points = both.train;
  const threshold = thresholdOf(state);
  parts.threshold.update({
    histogram: train.histogram,
    at: threshold,
    below: threshold === null ? 0 : points.value.reduce((k, x) => k + (x <= threshold ? 1 : 0), 0),
    n: points.n,
    name: quantileName(percent(both.quantile, ' ')),
    tip: quantileTip(percent(both.quantile)),
  });
  parts.edits.update(points.edits);
  parts.trainChips.update(state.train.filters, train.counts, points.label);
  setAttr(parts.asRows, 'aria-pressed', String(!state.gallery));
  setAttr(parts.asPictures, 'aria-pressed', String(state.gallery));
  setText(parts.asPictures, points.preview.kind === 'image' ? Say.pictures : Say.cards);
  show(parts.train.element, !state.gallery);
  show(parts.below.element, state.gallery);
  const empty = emptyWords(points.n);
  if (state.gallery) {
    const rows = [...train.order.slice(0, state.cards)];
    const cards = rows.map((row): Card => ({ row, score: null }));
    parts.below.update({
      ...gallery(scene, cards),
      empty,
      more: train.order.length - rows.length,
    });
    return;
  }
  parts.train.update({
    columns: scene.trainColumns,
    order: train.order,
    n: points.n,
    sort: state.train.sort,
    focus,
    selected: state.train.selected,
    allSelected: areAllSelected(state.train, train.order),
    empty,
  });
}

function paintPoint(parts: Parts, scene: Scene): void {
  const { source, both, train, focus, state, effects, ofTrain } = scene;
  const here = state.view === 'training';
  parts.point.update(
    focus < 0
      ? null
      : {
          points: withoutOwn(both.train),
          ranks: train.ranks,
          row: focus,
          place: here ? indexOf(train.order, focus) : -1,
          shown: train.order.length,
          preview: source.preview(focus),
        }
  );
  parts.tiles.update(focus < 0 ? [] : tilesOf(both, train.ranks, focus), train.ranks.known);
  parts.effects.update(
    focus < 0
      ? null
      : {
          both,
          row: focus,
          effects,
          scores: ofTrain?.scores ?? null,
          preview: (row) => source.testPreview(row),
          empty: noAnswer(both.train.status, both.head.known),
        }
  );
}
