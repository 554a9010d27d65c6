/** When to compute order, ranks and histogram anew, and when to keep what is shown. */

import { derive } from './derive';
import type { Points } from './points';
import type { UiState } from './state';
import { Steady } from './steady';

/** While somebody works in the table, new values repaint rows but do not move them, for this long (ms). */
export const HOLD = 2500;
/** A derivation that took t ms is not repeated for new values before this many t have passed. */
const REST = 4;
/** Below this cost (ms) every frame is derived. */
const CHEAP = 40;

export class Pace extends Steady {
  #stale = true;
  #touched = -Infinity;
  #derivedAt = -Infinity;
  #cost = 0;

  override changed(): void {
    this.#stale = true;
  }

  override touch(): void {
    this.#touched = performance.now();
  }

  override refresh(points: Points, state: UiState): number {
    if (!this.#stale && this.derived !== null) {
      return 0;
    }
    const now = performance.now();
    const wait = this.#derivedAt + (this.#cost > CHEAP ? REST * this.#cost : 0) - now;
    if (wait > 0 && this.derived !== null) {
      return wait;
    }
    const hold = now - this.#touched < HOLD;
    this.derived = derive(points, state, this.derived, hold, this.more);
    this.#derivedAt = performance.now();
    this.#cost = this.#derivedAt - now;
    this.#stale = hold;
    return hold ? HOLD : 0;
  }
}
