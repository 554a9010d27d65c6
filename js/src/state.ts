/** What only this view knows: order, filters, focus, selection, open drawers. Pure: new states from old ones. */

import type { ColumnId, SortKey } from './columns';
import type { Filters, Preset } from './filters';

export type Drawer = 'overview' | 'point' | null;

/** Which columns the table shows and how, as far as a person said so; by their ids (see parts/columns/arrange.ts). */
export interface Arrangement {
  /** From left to right; a column that is not here stands beside its usual neighbour. */
  readonly order: readonly string[];
  readonly shown: Readonly<Record<string, boolean>>;
  /** Pixels. */
  readonly width: Readonly<Record<string, number>>;
  /** Stay in sight when the others are scrolled to the side. */
  readonly pinned: readonly string[];
}

export interface UiState {
  readonly sort: readonly SortKey[];
  readonly filters: Filters;
  /** Position of the point in focus; -1 for none. */
  readonly focus: number;
  /** Where a shift-selection starts. */
  readonly anchor: number;
  readonly selected: ReadonlySet<number>;
  readonly drawer: Drawer;
  /** Points as tiles instead of rows. */
  readonly gallery: boolean;
  readonly help: boolean;
  readonly failure: boolean;
  readonly columns?: Arrangement;
}

export const NO_FILTERS: Filters = { presets: new Set(), value: null, label: null, text: '' };

export const INITIAL: UiState = {
  sort: [{ column: 'value', descending: false }],
  filters: NO_FILTERS,
  focus: -1,
  anchor: -1,
  selected: new Set(),
  drawer: null,
  gallery: false,
  help: false,
  failure: false,
};

/** A click on a header: ascending, then descending. With shift the column refines the order instead. */
export function sortBy(state: UiState, column: ColumnId, refine: boolean): UiState {
  const held = state.sort.find((key) => key.column === column);
  const turned: SortKey = { column, descending: held === undefined ? false : !held.descending };
  if (!refine) {
    return { ...state, sort: [turned] };
  }
  const sort =
    held === undefined
      ? [...state.sort, turned]
      : state.sort.map((key) => (key.column === column ? turned : key));
  return { ...state, sort };
}

export function togglePreset(state: UiState, preset: Preset): UiState {
  const presets = new Set(state.filters.presets);
  if (!presets.delete(preset)) {
    presets.add(preset);
  }
  return filter(state, { presets });
}

export function filter(state: UiState, part: Partial<Filters>): UiState {
  return { ...state, filters: { ...state.filters, ...part } };
}

export function focusOn(state: UiState, row: number): UiState {
  return { ...state, focus: row, anchor: row };
}

/** Adds or removes one row; it becomes the start of a range. */
export function toggleRow(state: UiState, row: number): UiState {
  const selected = new Set(state.selected);
  if (!selected.delete(row)) {
    selected.add(row);
  }
  return { ...state, selected, focus: row, anchor: row };
}

/** Selects from the anchor to `row` as the table stands, besides what was selected. */
export function selectTo(state: UiState, row: number, order: ArrayLike<number>): UiState {
  const selected = new Set(state.selected);
  const from = indexOf(order, state.anchor);
  const to = indexOf(order, row);
  const start = from < 0 ? to : from;
  for (let i = Math.min(start, to); i <= Math.max(start, to); i++) {
    selected.add(order[i]!);
  }
  return { ...state, selected, focus: row, anchor: start === to && from < 0 ? row : state.anchor };
}

/** Selects every row shown, or none when they all are. */
export function toggleAll(state: UiState, order: ArrayLike<number>): UiState {
  const every = areAllSelected(state, order);
  const selected = new Set(state.selected);
  for (let i = 0; i < order.length; i++) {
    if (every) {
      selected.delete(order[i]!);
    } else {
      selected.add(order[i]!);
    }
  }
  return { ...state, selected };
}

export function areAllSelected(state: UiState, order: ArrayLike<number>): boolean {
  for (let i = 0; i < order.length; i++) {
    if (!state.selected.has(order[i]!)) {
      return false;
    }
  }
  return order.length > 0;
}

export function clearSelection(state: UiState): UiState {
  return { ...state, selected: new Set() };
}

/** The row `step` rows on from the focus, held at the ends; the first row when nothing is in focus. */
export function neighbour(state: UiState, order: ArrayLike<number>, step: number): number {
  if (order.length === 0) {
    return -1;
  }
  const at = indexOf(order, state.focus);
  if (at < 0) {
    return step === -Infinity || step === 1
      ? order[0]!
      : order[Math.min(order.length - 1, Math.max(0, step))]!;
  }
  return order[Math.min(order.length - 1, Math.max(0, at + step))]!;
}

const inOrder = new WeakMap<ReadonlySet<number>, number[]>();

/** The points an edit acts on: the selection when there is one, else the point in focus. */
export function targets({ selected, focus }: UiState): number[] {
  if (selected.size === 0) {
    return focus < 0 ? [] : [focus];
  }
  let rows = inOrder.get(selected);
  if (rows === undefined) {
    rows = Array.from(Uint32Array.from(selected).sort()); // any number of points may be selected, and this is asked often
    inOrder.set(selected, rows);
  }
  return rows;
}

export function indexOf(order: ArrayLike<number>, row: number): number {
  return Array.prototype.indexOf.call(order, row);
}
