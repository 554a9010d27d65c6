/** What is known of points that somebody looked at; asks for the others, each once in a while. Pure. */

import type { Shown } from './read';

const HELD = 60;
const ASK_AGAIN = 5000;

export class Looks {
  readonly #held = new Map<number, Shown>();
  readonly #asked = new Map<number, number>();
  readonly #ask: (row: number) => void;

  constructor(ask: (row: number) => void) {
    this.#ask = ask;
  }

  /** Null until it is here. */
  get(row: number, now = Date.now()): Shown | null {
    const found = this.#held.get(row);
    if (found !== undefined) {
      return found;
    }
    if (now - (this.#asked.get(row) ?? -Infinity) > ASK_AGAIN) {
      this.#asked.set(row, now);
      this.#ask(row);
    }
    return null;
  }

  keep(shown: Shown): void {
    this.#asked.delete(shown.row);
    this.#held.delete(shown.row);
    this.#held.set(shown.row, shown);
    const [oldest] = this.#held.keys();
    if (this.#held.size > HELD && oldest !== undefined) {
      this.#held.delete(oldest);
    }
  }

  clear(): void {
    this.#held.clear();
    this.#asked.clear();
  }
}
