/** When to compute order, ranks and histogram anew, and when to keep what is shown. */

import { derive } from './derive';
import type { Points } from './points';
import type { UiState } from './state';
import { Steady } from './steady';

/** While somebody works in the table, new values repaint rows but do not move them, for this long (ms). */
export const HOLD = 2500;
/** A derivation that took t ms is not repeated for new values before this many t have passed. */
const REST = 10;
/** Below this cost (ms) every frame is derived. */
const CHEAP = 4;

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
    const now = performance.now();
    const calm = this.#touched + HOLD - now;
    if (this.derived !== null) {
      if (!this.#stale && !(this.held && calm <= 0)) {
        return this.held ? calm : 0;
      }
      const wait = this.#derivedAt + (this.#cost > CHEAP ? REST * this.#cost : 0) - now;
      if (wait > 0) {
        return wait;
      }
    }
    this.held = calm > 0;
    this.derived = derive(points, state, this.derived, this.held, this.more);
    this.#derivedAt = performance.now();
    this.#cost = this.#derivedAt - now;
    this.#stale = false;
    return this.held ? HOLD : 0;
  }
}
