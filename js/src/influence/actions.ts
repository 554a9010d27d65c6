/** What people do with the pointer in an influence panel, as new states. */

import * as ui from '../state';
import type { Grid } from '../grid';
import { createRow, type Cell, type RowContext } from '../views/row';
import type { TableRow } from '../views/table';
import type { Column, Room } from '../layout';
import { testCell, trainCell } from './cells';
import type { Chosen } from './chosen';
import { factsOf } from './facts';
import type { PartActions } from './parts';
import type { InfluenceSource } from './source';
import { below, CARDS } from './state';

export interface ActionsHost {
  readonly source: InfluenceSource;
  readonly chosen: Chosen;
  readonly room: () => Room;
  readonly reveal: (which: 'tests' | 'train', row: number) => void;
  /** Of the training points, once it is there. */
  readonly grid: () => Grid | undefined;
  /** Rows that came into sight. */
  readonly visible: (which: 'tests' | 'train', rows: number[]) => void;
}

export function createActions({ source, chosen, room, reveal, visible, grid }: ActionsHost): PartActions {
  const order = (): ArrayLike<number> => chosen.pace.train.derived?.order ?? [];
  const toggle = (row: number): void => chosen.train((s) => ui.toggleRow(s, row));
  const open = (row: number): void =>
    chosen.train((s) => ({ ...ui.focusOn(s, row), drawer: room() === 'narrow' ? 'point' : s.drawer }));
  return {
    drawer: (which) => chosen.train((s) => ({ ...s, drawer: s.drawer === which ? null : which })),
    view: (view) => chosen.show(view),
    filterTests: (part) => chosen.tests((s) => ui.filter(s, part)),
    presetTests: (preset) => chosen.tests((s) => ui.togglePreset(s, preset)),
    filterTrain: (part) => chosen.train((s) => ui.filter(s, part)),
    presetTrain: (preset) => chosen.train((s) => ui.togglePreset(s, preset)),
    threshold: (at) => chosen.set(below(chosen.pinned(), at)),
    gallery: (shown) => chosen.set({ ...chosen.pinned(), gallery: shown, cards: CARDS }),
    openTest(test) {
      chosen.choose(test, { ...chosen.state.train, drawer: null });
      chosen.set({ ...chosen.state, view: 'tests' });
      reveal('tests', test);
    },
    clearSelection: () => chosen.train(ui.clearSelection),
    failure: () => chosen.train((s) => ({ ...s, failure: !s.failure, help: false })),
    tests: {
      sort: (column, refine) => chosen.tests((s) => ui.sortBy(s, column, refine)),
      focus: (row) => chosen.chooseInList(row),
      toggle: (row) => chosen.choose(row),
      extend: (row) => chosen.choose(row),
      toggleAll: () => undefined,
      visible: (rows) => visible('tests', rows),
    },
    train: {
      sort: (column, refine) => chosen.train((s) => ui.sortBy(s, column, refine)),
      focus: open,
      toggle,
      extend: (row) => chosen.train((s) => ui.selectTo(s, row, order())),
      toggleAll: () => chosen.train((s) => ui.toggleAll(s, order())),
      visible: (rows) => visible('train', rows),
    },
    cards: {
      look: (row) => chosen.train((s) => ui.focusOn(s, row)),
      open,
      toggle,
      more: () => chosen.set({ ...chosen.state, cards: chosen.state.cards + CARDS }),
    },
    testRow: (columns) => makeRow(columns, testCell, source, chosen, 'tests'),
    trainRow: (columns) => makeRow(columns, trainCell, source, chosen, 'train', grid()),
    facts: (data) => (source.both === null ? [] : factsOf(source.both, data)),
  };
}

function makeRow(
  columns: readonly Column[],
  cell: (column: Column) => Cell,
  source: InfluenceSource,
  chosen: Chosen,
  which: 'tests' | 'train',
  grid?: Grid
): TableRow {
  const row = createRow(columns, grid === undefined ? cell : (column) => grid.cell(column));
  grid?.dressRow(row.element, columns);
  const preview: RowContext['preview'] = (at) =>
    which === 'tests' ? source.testPreview(at) : source.preview(at);
  return {
    element: row.element,
    paint(at, index, selected, focused) {
      const points = source.both?.[which === 'tests' ? 'test' : 'train'];
      const { derived } = chosen.pace[which];
      if (points !== undefined && derived !== null) {
        const { ranks, scale } = derived;
        row.paint(at, index, selected, focused, { points, ranks, scale, preview });
        grid?.painted(row.element, focused);
      }
    },
  };
}
