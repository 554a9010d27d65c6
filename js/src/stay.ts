/** What a view is bound to while it stands: its size, its theme, its source. */

export interface StayActions {
  /** Binds the view to what tells it of changes; returns how to undo that. */
  bind(): (() => void)[];
  sized(): void;
  shown(): void;
}

export interface Stay {
  readonly onScreen: boolean;
  begin(): void;
  end(): void;
}

/** A view that nothing is told of by itself: it costs nothing while it is out of sight. */
export function stay(root: HTMLElement, actions: StayActions): Stay {
  let ends: (() => void)[] = [];
  return {
    onScreen: true,
    begin() {
      ends = [...actions.bind(), watchSize(root, () => actions.sized())];
    },
    end() {
      ends.forEach((end) => end());
    },
  };
}

export function watchSize(root: HTMLElement, sized: () => void): () => void {
  if (typeof ResizeObserver === 'undefined') {
    return () => undefined;
  }
  const sizes = new ResizeObserver(sized);
  sizes.observe(root);
  return () => sizes.disconnect();
}
