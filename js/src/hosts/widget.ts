/** The anywidget front-end module, built into `dvlwidgets/static/widget.js`. */

import { createLive } from '../live';
import { LiveModel, type Comm } from '../model';
import { mountPanel } from '../panel';

interface Context {
  model: Comm;
  /** Given by anywidget 0.11 and later; earlier hosts call the returned function only. */
  signal?: AbortSignal;
}

/** One call per model: its store is made in `initialize` and shared by however many views are rendered. */
export default function widget() {
  let store: LiveModel | null = null;
  const open = (model: Comm): LiveModel => (store ??= new LiveModel(model));
  return {
    initialize({ model, signal }: Context): () => void {
      open(model);
      return whenDone(signal, () => {
        store?.dispose();
        store = null;
      });
    },
    render({ model, el, signal }: Context & { el: HTMLElement }): () => void {
      return whenDone(signal, mountPanel(el, open(model), createLive));
    },
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
