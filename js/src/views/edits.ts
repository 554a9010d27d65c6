/** What was changed, how to take it back, and where it is kept. */

import { h, icon, setText, show } from '../dom';
import { REDO, UNDO } from '../icons';
import { count } from '../format';
import type { Edits } from '../wire';

export interface EditsActions {
  undo(): void;
  redo(): void;
}

/** `actions` is null on a saved page: nothing can be taken back there. */
export function createEdits(actions: EditsActions | null) {
  const total = h('span', { class: 'muted strong' });
  const words = h('p', { 'data-testid': 'edits-summary' });
  const undo = h(
    'button',
    {
      type: 'button',
      class: 'button small',
      title: 'Undo (u)',
      'data-testid': 'undo',
      onclick: () => actions?.undo(),
    },
    icon(UNDO),
    h('span', {}, 'Undo')
  );
  const redo = h(
    'button',
    {
      type: 'button',
      class: 'button small',
      title: 'Redo (Shift u)',
      'data-testid': 'redo',
      onclick: () => actions?.redo(),
    },
    icon(REDO),
    h('span', {}, 'Redo')
  );
  const path = h('p', { class: 'muted path' });
  const element = h(
    'section',
    { class: 'card' },
    h('h3', {}, h('span', {}, 'Edits'), total),
    words,
    h('div', { class: 'button-row', hidden: actions === null }, undo, redo),
    path
  );

  function update(edits: Edits): void {
    setText(total, edits.count === 0 ? '' : count(edits.count));
    setText(
      words,
      edits.count === 0
        ? 'None yet.'
        : `${count(edits.relabelled)} relabelled, ${count(edits.dropped)} dropped`
    );
    undo.disabled = !edits.undo;
    redo.disabled = !edits.redo;
    setText(path, `kept in ${edits.path}`);
    show(path, edits.path !== '');
  }

  return { element, update };
}
