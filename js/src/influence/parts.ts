/** The views of an influence panel, and how they stand on the page. */

import type { Filters } from '../filters';
import type { Grid } from '../grid';
import { h } from '../dom';
import type { LivePart } from '../live';
import { createChips, type Saved } from '../views/chips';
import { createEdits } from '../views/edits';
import { createPoint, type PointData } from '../views/point';
import { createStatus } from '../views/status';
import { createTable, HEAD, type TableActions, type TableRow } from '../views/table';
import { createToolbar } from '../views/toolbar';
import type { Column } from '../layout';
import type { Preset } from '../filters';
import type { Drawer } from '../state';
import { createEffects } from './views/effects';
import { createGallery, type GalleryActions } from './views/gallery';
import { createSubject } from './views/subject';
import { createTabs } from './views/tabs';
import { createTiles } from './views/tiles';
import { createThreshold } from './views/threshold';
import type { View } from './state';
import type { TestEditing } from './test_editing';
import { OF_TESTS, quantileBelow, Say } from './words';
import type { Fact } from '../views/point';

export interface PartActions {
  drawer(which: Drawer): void;
  view(view: View): void;
  filterTests(part: Partial<Filters>): void;
  presetTests(preset: Preset): void;
  filterTrain(part: Partial<Filters>): void;
  presetTrain(preset: Preset): void;
  threshold(at: number | null): void;
  gallery(shown: boolean): void;
  openTest(test: number): void;
  clearSelection(): void;
  failure(): void;
  readonly tests: TableActions;
  readonly train: TableActions;
  readonly cards: GalleryActions;
  testRow(columns: readonly Column[]): TableRow;
  trainRow(columns: readonly Column[]): TableRow;
  facts(data: PointData): Fact[];
}

/** `converged` of a test point says whether its prediction is right, see `Both.test`. */
const TEST_FILTERS: readonly Saved[] = [
  ['unconverged', Say.wrong, Say.wrongTip],
  ['edited', Say.relabelled, Say.relabelledTestsTip],
  ['flagged', Say.flagged, Say.flaggedTestsTip],
];
const TRAIN_FILTERS: readonly Saved[] = [
  ['lowest', Say.lowest, Say.lowestTip],
  ['edited', Say.relabelled, Say.relabelledTip],
  ['dropped', Say.dropped, Say.droppedTip],
  ['flagged', Say.flagged, Say.flaggedTip],
  ['selected', Say.selected, Say.selectedTip],
];

/** `grid`: of the training points, once it is there. */
export function createParts(actions: PartActions, live: LivePart, grid: () => Grid | undefined) {
  const tests = createTable(actions.tests, (columns) => actions.testRow(columns));
  tests.grid.setAttribute('data-testid', 'tests');
  tests.grid.setAttribute('aria-label', Say.tests);
  tests.grid.removeAttribute('aria-multiselectable');
  const train = createTable(actions.train, (columns) => actions.trainRow(columns), {
    get height() {
      return grid()?.height ?? HEAD;
    },
    dress: (...head) => grid()?.dress(...head),
  });
  train.grid.setAttribute('aria-label', Say.training);
  const shape = (id: string, name: string, shown: boolean) =>
    h('button', { class: 'chip', 'data-testid': id, onclick: () => actions.gallery(shown) }, name);
  const tiles = createTiles();
  return {
    toolbar: createToolbar({ drawer: (which) => actions.drawer(which) }, live.controls),
    tabs: createTabs({ view: (view) => actions.view(view) }),
    tests,
    testChips: createChips(
      { toggle: (preset) => actions.presetTests(preset), filter: (part) => actions.filterTests(part) },
      TEST_FILTERS
    ),
    subject: createSubject(),
    helpful: createGallery('helpful', Say.helpfulList, actions.cards),
    harmful: createGallery('harmful', Say.harmfulList, actions.cards),
    threshold: createThreshold({ set: (at) => actions.threshold(at) }),
    edits: createEdits(live.takeBack),
    train,
    trainChips: createChips(
      { toggle: (preset) => actions.presetTrain(preset), filter: (part) => actions.filterTrain(part) },
      TRAIN_FILTERS,
      (_, hi) => quantileBelow(hi)
    ),
    asRows: shape('as-rows', Say.rows, false),
    asPictures: shape('as-pictures', Say.pictures, true),
    below: createGallery('below', Say.belowList, actions.cards),
    tiles,
    point: createPoint((data) => actions.facts(data), tiles.element),
    effects: createEffects({ open: (test) => actions.openTest(test) }),
    status: createStatus({
      clearSelection: () => actions.clearSelection(),
      failure: () => actions.failure(),
    }),
  };
}

export type Parts = ReturnType<typeof createParts>;

export interface Assembly {
  readonly root: HTMLElement;
  /** That the keys edit the training point. */
  readonly here: HTMLElement;
  readonly body: HTMLElement;
  readonly detail: HTMLElement;
  readonly galleries: HTMLElement;
  readonly side: Readonly<Record<View, HTMLElement>>;
  readonly work: Readonly<Record<View, HTMLElement>>;
}

export function assemble(parts: Parts, live: LivePart, testing: TestEditing, close: () => void): Assembly {
  const closer = () =>
    h('button', { class: 'button drawer-close', 'data-testid': 'close-drawer', onclick: close }, Say.close);
  const side = {
    tests: h('div', { class: 'side-tests' }, parts.testChips.element, parts.tests.element, testing.element),
    training: h(
      'div',
      { class: 'side-training' },
      parts.threshold.element,
      ...live.parts.flatMap((part) => part.overview ?? []),
      parts.edits.element
    ),
  };
  const column = (title: string, tone: string, words: string, gallery: HTMLElement) =>
    h(
      'section',
      { class: 'gallery-column' },
      h('h3', {}, h('span', { class: tone }, title), h('span', { class: 'gallery-hint' }, words)),
      gallery
    );
  const galleries = h(
    'div',
    { class: 'galleries' },
    column(Say.harmful, 'hurts', Say.harmfulHint, parts.harmful.element),
    column(Say.helpful, 'helps', Say.helpfulHint, parts.helpful.element)
  );
  parts.status.element.firstElementChild!.append(...live.parts.flatMap((part) => part.footer ?? []));
  parts.trainChips.element.append(
    ...live.parts.flatMap((part) => part.bar ?? []),
    h('span', { class: 'shapes', role: 'group', 'aria-label': Say.shownAs }, parts.asRows, parts.asPictures)
  );
  const work = {
    tests: h('div', { class: 'work-tests' }, parts.subject.element, galleries),
    training: h(
      'div',
      { class: 'work-training' },
      parts.trainChips.element,
      parts.train.element,
      parts.below.element
    ),
  };
  const here = h('p', { class: 'keys-here' }, OF_TESTS.elsewhere);
  const detail = h(
    'div',
    { class: 'detail', role: 'region', 'aria-label': Say.inFocus },
    closer(),
    parts.point.element,
    here,
    live.detail,
    ...live.parts.flatMap((part) => part.detail ?? []),
    parts.effects.element
  );
  const body = h(
    'div',
    { class: 'body' },
    h(
      'div',
      { class: 'overview', role: 'region', 'aria-label': Say.overview },
      closer(),
      side.tests,
      side.training
    ),
    h('div', { class: 'work' }, work.tests, work.training),
    detail
  );
  const root = h(
    'div',
    {
      class: 'panel',
      'data-testid': 'panel',
      'data-live': true,
      role: 'region',
      'aria-label': Say.panel,
    },
    parts.toolbar.element,
    parts.toolbar.line,
    live.notice,
    parts.tabs.element,
    body,
    parts.status.element,
    ...testing.overlays,
    ...live.overlays
  );
  return { root, here, body, detail, galleries, side, work };
}
