/** The shared copy in an output: the panel of it, or where that cannot be made its words, its table and its picture. */

import { h } from '../../dom';
import { mountSaved, problemOf } from '../../saved';
import { standBelow, standIn, type Stored } from './renderer_copy';
import type { Trans } from './words';

/** Returns how to take it away. */
export function mountStored(box: HTMLElement, stored: Stored, trans: Trans): () => void {
  const clear = (): void => box.replaceChildren();
  try {
    if (!stored.whole) {
      box.replaceChildren(standIn(stored));
      return clear;
    }
    if (stored.payload === null) {
      throw new Error(trans.__('Its data were taken out of the notebook.'));
    }
    const unmount = mountSaved(box, stored.payload);
    box.append(standBelow(stored) ?? '');
    return () => {
      unmount();
      clear();
    };
  } catch (error) {
    const words = problemOf(error, trans.__('What was stored for readers without it stands below.'));
    box.replaceChildren(h('p', { class: 'dvl-problem', role: 'alert' }, words), standIn(stored));
    return clear;
  }
}
