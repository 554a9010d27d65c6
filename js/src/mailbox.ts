/** What Python says to parts of the panel: whoever hears of a part later is told first what was said before. */

import type { PartMessage } from './parts/part';

type Listener = (message: PartMessage) => void;

/** Answers for who asked: another view has no use for them, and some are large. */
const ANSWER = /^(file|export|log|show|audio|members|map|columns .+)$/;

export class Mailbox {
  readonly #hearers = new Map<string, Set<Listener>>();
  /** The newest of each kind. */
  readonly #said = new Map<string, PartMessage>();

  hear(part: string, listener: Listener): () => void {
    const listeners = this.#hearers.get(part) ?? new Set();
    this.#hearers.set(part, listeners.add(listener));
    for (const message of this.#said.values()) {
      if (message.part === part) {
        listener(message);
      }
    }
    return () => listeners.delete(listener);
  }

  take(message: PartMessage): void {
    if (!ANSWER.test(message.kind)) {
      this.#said.set(`${message.part} ${message.kind}`, message);
    }
    this.#hearers.get(message.part)?.forEach((listener) => listener(message));
  }

  clear(): void {
    this.#hearers.clear();
    this.#said.clear();
  }
}
