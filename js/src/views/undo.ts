/** Takes the last edit back, and puts it there again. */

import { h, icon } from '../dom';
import { REDO, UNDO } from '../icons';
import type { Edits } from '../wire';
import { Say } from '../words';

export interface UndoActions {
  undo(): void;
  redo(): void;
}

export function createUndo(actions: UndoActions) {
  const undo = h(
    'button',
    {
      class: 'button small',
      title: Say.undoTip,
      'data-testid': 'undo',
      onclick: () => actions.undo(),
    },
    icon(UNDO),
    h('span', {}, Say.undo)
  );
  const redo = h(
    'button',
    {
      class: 'button small',
      title: Say.redoTip,
      'data-testid': 'redo',
      onclick: () => actions.redo(),
    },
    icon(REDO),
    h('span', {}, Say.redo)
  );
  const element = h('div', { class: 'button-row' }, undo, redo);

  function update(edits: Edits): void {
    undo.disabled = !edits.undo;
    redo.disabled = !edits.redo;
  }

  return { element, update };
}
