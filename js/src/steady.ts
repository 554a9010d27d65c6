/** What a view shows of points that stay as they are: computed once, and again where this view asks for it. */

import { derive, rederive, type Derived } from './derive';
import type { MoreTests } from './filters';
import type { Points } from './points';
import type { UiState } from './state';

export class Steady {
  derived: Derived | null = null;
  /** What is shown is of the newest values, but rows that would move did not. */
  held = false;

  constructor(protected readonly more?: MoreTests) {}

  /** Values or labels changed. */
  changed(): void {}

  /** Somebody moved the pointer or pressed a key. */
  touch(): void {}

  /** The state of the view changed. */
  turn(points: Points | null, state: UiState, before: UiState): void {
    if (points !== null && this.derived !== null && before !== state) {
      this.derived = rederive(points, state, before, this.derived, this.more);
    }
  }

  /** Computes what is due; returns in how many ms to come again, or 0. */
  refresh(points: Points, state: UiState): number {
    this.derived ??= derive(points, state, null, false);
    return 0;
  }
}
