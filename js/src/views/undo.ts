/** Takes the last edit back, and puts it there again. */

import { h, icon } from '../dom';
import { REDO, UNDO } from '../icons';
import type { Edits } from '../wire';

export interface UndoActions {
  undo(): void;
  redo(): void;
}

export function createUndo(actions: UndoActions) {
  const undo = h(
    'button',
    {
      class: 'button small',
      title: 'Undo (u)',
      'data-testid': 'undo',
      onclick: () => actions.undo(),
    },
    icon(UNDO),
    h('span', {}, 'Undo')
  );
  const redo = h(
    'button',
    {
      class: 'button small',
      title: 'Redo (Shift u)',
      'data-testid': 'redo',
      onclick: () => actions.redo(),
    },
    icon(REDO),
    h('span', {}, 'Redo')
  );
  const element = h('div', { class: 'button-row' }, undo, redo);

  function update(edits: Edits): void {
    undo.disabled = !edits.undo;
    redo.disabled = !edits.redo;
  }

  return { element, update };
}
