/** What was changed, and where it is kept. */

import { h, setText, show } from '../dom';
import { count } from '../format';
import type { Edits } from '../wire';
import { edited, keptIn, Say } from '../words';

/** `takeBack`: the buttons for it; nothing on a saved page. */
export function createEdits(takeBack: HTMLElement | '') {
  const total = h('span', { class: 'muted strong' });
  const words = h('p', { 'data-testid': 'edits-summary' });
  const path = h('p', { class: 'muted path' });
  const element = h(
    'section',
    { class: 'card' },
    h('h3', {}, h('span', {}, Say.edits), total),
    words,
    takeBack,
    path
  );

  function update(edits: Edits): void {
    setText(total, edits.count === 0 ? '' : count(edits.count));
    setText(
      words,
      edits.count === 0
        ? takeBack === ''
          ? Say.noEditsInCopy
          : Say.noEdits
        : edited(edits.relabelled, edits.dropped)
    );
    setText(path, keptIn(edits.path));
    show(path, edits.path !== '');
  }

  return { element, update };
}
