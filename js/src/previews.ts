/** The pictures and texts of points: which are held, which were asked for, and which still must be. Pure. */

import { eachPreview } from './points';
import type { Preview } from './source';
import type { PreviewsMessage } from './wire';

/** As many rows as one request may name. */
const MAX_ASKED = 200;
const MAX_HELD = 4000;
const ASK_AGAIN = 3000;

export class Previews {
  readonly #held = new Map<number, Preview>();
  /** When a row was last asked for. */
  readonly #asked = new Map<number, number>();

  get(row: number): Preview | undefined {
    return this.#held.get(row);
  }

  clear(): void {
    this.#held.clear();
    this.#asked.clear();
  }

  /** The rows to ask for, in groups that one request may name; they count as asked for some seconds. */
  missing(rows: readonly number[], now = Date.now()): number[][] {
    const wanted = rows.filter(
      (row) => !this.#held.has(row) && now - (this.#asked.get(row) ?? 0) > ASK_AGAIN
    );
    wanted.forEach((row) => this.#asked.set(row, now));
    const groups: number[][] = [];
    for (let i = 0; i < wanted.length; i += MAX_ASKED) {
      groups.push(wanted.slice(i, i + MAX_ASKED));
    }
    return groups;
  }

  /** Keeps what came; the oldest go when there are too many. */
  keep(message: PreviewsMessage): void {
    eachPreview(message, (row, preview) => {
      this.#asked.delete(row);
      this.#held.set(row, preview);
    });
    for (const row of this.#held.keys()) {
      if (this.#held.size <= MAX_HELD) {
        break;
      }
      this.#held.delete(row);
    }
  }
}
