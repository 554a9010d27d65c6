/** Whether a view is on the page and in sight, and how large it is. */

export interface PresenceActions {
  /** Binds the view to what tells it of changes; returns how to undo that. */
  bind(): (() => void)[];
  sized(): void;
  shown(): void;
}

/**
 * JupyterLab drops a view by emptying its node, without a word. Such a view lets go of its model, which would keep it
 * in memory otherwise; should the node be put back, the observer wakes it. A view that scrolled away sleeps as well.
 */
export class Presence {
  onScreen = true;
  private readonly bonds: (() => void)[] = [];
  private readonly observers: { disconnect(): void }[] = [];

  constructor(
    private readonly host: HTMLElement,
    private readonly root: HTMLElement,
    private readonly actions: PresenceActions
  ) {}

  begin(): void {
    this.wake();
    if (typeof ResizeObserver !== 'undefined') {
      const sizes = new ResizeObserver(() => this.actions.sized());
      sizes.observe(this.root);
      this.observers.push(sizes);
    }
    if (typeof IntersectionObserver !== 'undefined') {
      const sight = new IntersectionObserver((entries) => this.look(entries.at(-1)?.isIntersecting ?? true));
      sight.observe(this.host);
      this.observers.push(sight);
    }
  }

  end(): void {
    this.sleep();
    this.observers.splice(0).forEach((observer) => observer.disconnect());
  }

  private look(inSight: boolean): void {
    this.onScreen = inSight;
    if (inSight) {
      this.wake();
      this.actions.shown();
    } else if (!this.host.isConnected) {
      this.sleep();
    }
  }

  private wake(): void {
    if (this.bonds.length === 0) {
      this.bonds.push(...this.actions.bind());
    }
  }

  private sleep(): void {
    this.bonds.splice(0).forEach((stop) => stop());
  }
}
