/** Which points are looked at, and so need their pictures. Pure. */

import type { PanelState } from './state';
import type { OfTest } from './wire';

export interface Sight {
  /** Rows on the screen, by table. */
  readonly rows: Readonly<Record<'tests' | 'train', readonly number[]>>;
  readonly order: Uint32Array;
  readonly answer: OfTest | null;
  readonly test: number;
  readonly focus: number;
  /** Test points that the training point in focus hurts most. */
  readonly worst: readonly number[];
}

export function inSight(state: PanelState, sight: Sight): Record<'tests' | 'train', number[]> {
  const { rows, order, answer, test, focus, worst } = sight;
  const tests = state.view === 'tests';
  const shown = tests
    ? [...(answer?.harmful ?? []), ...(answer?.helpful ?? [])]
    : state.gallery
      ? [...order.slice(0, state.cards)]
      : rows.train;
  return {
    train: distinct([focus, ...shown]),
    tests: distinct([test, ...(tests ? rows.tests : []), ...worst]),
  };
}

function distinct(rows: readonly number[]): number[] {
  return [...new Set(rows)].filter((row) => row >= 0);
}
