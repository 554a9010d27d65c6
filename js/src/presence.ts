/** Whether a live view is on the page and in sight, and how large it is. */

import { catchFocus } from './lost_focus';
import { watchSize, type Stay, type StayActions } from './stay';

/**
 * JupyterLab drops a view by emptying its node, without a word. Such a view lets go of its model, which would keep it
 * in memory otherwise; should the node be put back, the observer wakes it. A view that scrolled away sleeps as well.
 */
export class Presence implements Stay {
  onScreen = true;
  readonly #bonds: (() => void)[] = [];
  readonly #ends: (() => void)[] = [];
  readonly #host: HTMLElement;
  readonly #root: HTMLElement;
  readonly #actions: StayActions;

  constructor(host: HTMLElement, root: HTMLElement, actions: StayActions) {
    this.#host = host;
    this.#root = root;
    this.#actions = actions;
  }

  begin(): void {
    this.#wake();
    this.#ends.push(
      watchSize(this.#root, () => this.#actions.sized()),
      catchFocus(this.#root)
    );
    if (typeof IntersectionObserver !== 'undefined') {
      const sight = new IntersectionObserver((entries) => this.#look(entries.at(-1)?.isIntersecting ?? true));
      sight.observe(this.#host);
      this.#ends.push(() => sight.disconnect());
    }
  }

  end(): void {
    this.#sleep();
    this.#ends.splice(0).forEach((end) => end());
  }

  #look(inSight: boolean): void {
    this.onScreen = inSight;
    if (inSight) {
      this.#wake();
      this.#actions.shown();
    } else if (!this.#host.isConnected) {
      this.#sleep();
    }
  }

  #wake(): void {
    if (this.#bonds.length === 0) {
      this.#bonds.push(...this.#actions.bind());
    }
  }

  #sleep(): void {
    this.#bonds.splice(0).forEach((stop) => stop());
  }
}
