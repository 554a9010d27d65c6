/** Timers with names: a name has one at most. */

export class Timers {
  readonly #running = new Map<string, ReturnType<typeof setTimeout>>();

  has(name: string): boolean {
    return this.#running.has(name);
  }

  /** In place of the one of that name, if there is one. */
  start(name: string, ms: number, action: () => void): void {
    this.stop(name);
    this.#running.set(
      name,
      setTimeout(() => {
        this.#running.delete(name);
        action();
      }, ms)
    );
  }

  stop(name: string): void {
    clearTimeout(this.#running.get(name));
    this.#running.delete(name);
  }

  stopAll(): void {
    [...this.#running.keys()].forEach((name) => this.stop(name));
  }
}
