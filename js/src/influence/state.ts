/** What only a view of an influence panel knows. Pure: new states from old ones. */

import type { Derived } from '../derive';
import { filter, INITIAL, type UiState } from '../state';

/** tests: a test point and what helps and hurts it; training: all training points. */
export type View = 'tests' | 'training';

export interface PanelState {
  readonly view: View;
  /** Order, filters and choice among the test points. */
  readonly tests: UiState;
  /** The same among the training points; drawers, sheets and the selection are here. */
  readonly train: UiState;
  /** Whose edits the keys make while test points are shown: those of the list that had the focus last. */
  readonly editing: 'tests' | 'train';
  /** The training points below the threshold as pictures instead of rows. */
  readonly gallery: boolean;
  /** How many cards that gallery holds at most. */
  readonly cards: number;
}

/** Cards that a gallery adds at a time. */
export const CARDS = 48;

export const START: PanelState = {
  view: 'tests',
  tests: { ...INITIAL, sort: [{ column: 'value', descending: true }] },
  train: INITIAL,
  editing: 'train',
  gallery: false,
  cards: CARDS,
};

/** That what is said of the training points is to be seen, or was ordered, filtered or arranged by somebody. */
export function wantsTraining({ view, train }: PanelState): boolean {
  const { columns, filters, sort } = START.train;
  return view === 'training' || train.columns !== columns || train.filters !== filters || train.sort !== sort;
}

/** Whose edits the keys make: in the view of the training points only theirs. */
export function edits(state: PanelState): 'tests' | 'train' {
  return state.view === 'tests' ? state.editing : 'train';
}

/** Shows the points whose quantile is at most `at`; null shows all. */
export function below(state: PanelState, at: number | null): PanelState {
  return {
    ...state,
    train: filter(state.train, { value: at === null ? null : [-Infinity, at] }),
    cards: CARDS,
  };
}

export function thresholdOf(state: PanelState): number | null {
  return state.train.filters.value?.[1] ?? null;
}

/** The training points to doubt: among the lowest twentieth, or under the threshold, and below 0. */
export function doubtful(state: PanelState, derived: Derived, value: Float32Array, row: number): boolean {
  const at = thresholdOf(state);
  const x = value[row]!;
  const rank = derived.ranks.rank[row]!;
  return x < 0 && (at === null ? rank > 0 && rank <= derived.counts.lowest : x <= at);
}
