/** Tells Python which frame was painted last: it sends the next one then. */

import { Timers } from './timers';

/** A hidden page does not paint: it answers once in so many ms. */
const HIDDEN = 1000;

export class Acks {
  readonly #timers = new Timers();
  readonly #send: (seq: number) => void;
  #newest: number | null = null;

  constructor(send: (seq: number) => void) {
    this.#send = send;
  }

  /** A frame is here; it is acknowledged once it is painted, and older ones with it. */
  came(seq: number): void {
    const scheduled = this.#newest !== null;
    this.#newest = seq;
    if (!scheduled) {
      this.#timers.start('hidden', HIDDEN, this.#ack);
      requestAnimationFrame(this.#ack);
    }
  }

  readonly #ack = (): void => {
    const seq = this.#newest;
    this.end();
    if (seq !== null) {
      this.#send(seq);
    }
  };

  end(): void {
    this.#timers.stopAll();
    this.#newest = null;
  }
}
