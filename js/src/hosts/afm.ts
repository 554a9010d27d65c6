/** An anywidget front-end module: one store per model, shared by however many views are rendered. */

import type { Comm } from '../model';

export interface Context {
  model: Comm;
  /** Given by anywidget 0.11 and later; earlier hosts call the returned function only. */
  signal?: AbortSignal;
}

/** One call per model: its store is made in `initialize`. `mount` shows it and returns how to take it away. */
export function createWidget<S extends { dispose(): void }>(
  make: (model: Comm) => S,
  mount: (el: HTMLElement, store: S) => () => void
) {
  return () => {
    let store: S | null = null;
    const open = (model: Comm): S => (store ??= make(model));
    return {
      initialize({ model, signal }: Context): () => void {
        open(model);
        return whenDone(signal, () => {
          store?.dispose();
          store = null;
        });
      },
      render({ model, el, signal }: Context & { el: HTMLElement }): () => void {
        return whenDone(signal, mount(el, open(model)));
      },
    };
  };
}

/** Cleans up once, whether the host aborts its signal, calls back, or does both. */
function whenDone(signal: AbortSignal | undefined, clean: () => void): () => void {
  let done = false;
  const once = (): void => {
    if (!done) {
      done = true;
      clean();
    }
  };
  signal?.addEventListener('abort', once, { once: true });
  return once;
}
