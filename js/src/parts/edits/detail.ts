/** Below the labels of the point in focus: flag, comment, suggestion; they act on the selection when there is one. */

import { h, setAttr, setText, show } from '../../dom';
import { isFlagged, noteOf, suggestionOf, type Points } from '../../points';
import { suggestedFor } from './accept';
import { Say, WORDS } from './words';

export interface DetailActions {
  flag(): void;
  note(): void;
  accept(): void;
}

export function createDetail(actions: DetailActions) {
  const flagWord = h('span');
  const flag = h(
    'button',
    { class: 'button', title: Say.flagTip, 'data-testid': 'flag', onclick: () => actions.flag() },
    flagWord,
    h('kbd', {}, 'f')
  );
  const note = h(
    'button',
    { class: 'button', title: Say.noteTip, 'data-testid': 'note-open', onclick: () => actions.note() },
    h('span', {}, Say.note),
    h('kbd', {}, 'c')
  );
  const acceptWord = h('span');
  const accept = h(
    'button',
    { class: 'button', title: Say.acceptTip, 'data-testid': 'accept', onclick: () => actions.accept() },
    acceptWord,
    h('kbd', {}, 'a')
  );
  const words = h('p', { class: 'point-note', 'data-testid': 'point-note' });
  const element = h(
    'section',
    { class: 'card marks' },
    h('div', { class: 'button-row' }, flag, note, accept),
    words
  );

  let of: readonly unknown[] = [];

  /** Looks at the points again only where something changed: any number of them may be selected. */
  function update(points: Points, selected: ReadonlySet<number>, focus: number): void {
    const { extra } = points;
    const key = [extra, extra.get('suggested'), extra.get('flagged'), points.edits, selected, focus];
    if (!key.every((item, i) => item === of[i])) {
      of = key;
      act(points, selected.size > 0 ? [...selected] : focus < 0 ? [] : [focus]);
    }
    const said = noteOf(points, focus);
    show(words, said !== '');
    setText(words, said);
  }

  function act(points: Points, targets: readonly number[]): void {
    show(element, targets.length > 0);
    const all = targets.length > 0 && targets.every((row) => isFlagged(points, row));
    setText(flagWord, all ? Say.unflag : Say.flag);
    setAttr(flag, 'aria-pressed', String(all));
    const { rows } = suggestedFor(points, targets);
    const one = rows.length > 0 ? suggestionOf(points, rows[0]!) : null;
    show(accept, one !== null);
    if (one !== null) {
      const single = targets.length === 1;
      setText(acceptWord, single ? WORDS.accept(one.name, one.probability) : WORDS.acceptMany(rows.length));
    }
  }

  return { element, update };
}
