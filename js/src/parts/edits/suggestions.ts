/** The card that accepts suggestions by how sure they are: how many it would be stands on the button. */

import { h, setText, show } from '../../dom';
import { count } from '../../format';
import type { Points } from '../../points';
import { suggestedAbove, type Taken } from './accept';
import { Say, WORDS } from './words';

const USUAL = 90;

export function createSuggestions(accept: (taken: Taken, sure: number) => void) {
  const total = h('span', { class: 'muted strong' });
  const percents = { min: 0, max: 100, step: 1, value: USUAL, title: WORDS.sureTip };
  const slider = h('input', {
    ...percents,
    type: 'range',
    'aria-label': WORDS.sureTip,
    oninput: () => choose(slider.value),
  });
  const number = h('input', {
    ...percents,
    type: 'number',
    class: 'field',
    'aria-label': WORDS.sureTip,
    'data-testid': 'accept-number',
    oninput: () => choose(number.value),
  });
  const button = h('button', { class: 'button', 'data-testid': 'accept-all', onclick: () => go() });
  const element = h(
    'section',
    { class: 'card accept', hidden: true, 'data-testid': 'suggestions' },
    h('h3', {}, h('span', {}, Say.suggestions), total),
    h('div', { class: 'accept-sure' }, h('span', {}, Say.sure), slider, number, h('span', {}, '%')),
    button,
    h('p', { class: 'muted' }, Say.acceptNote)
  );
  let sure = USUAL / 100;
  let now: { points: Points; selected: ReadonlySet<number> } | null = null;
  let taken: Taken = { rows: [], codes: [] };
  let of: readonly unknown[] = [];

  function choose(percent: string): void {
    const chosen = Number(percent);
    if (percent !== '' && chosen >= 0 && chosen <= 100) {
      sure = chosen / 100;
      slider.value = percent;
      if (number.value !== percent) {
        number.value = percent;
      }
      paint();
    }
  }

  function go(): void {
    if (taken.rows.length > 0) {
      accept(taken, sure);
    }
  }

  function update(points: Points, selected: ReadonlySet<number>): void {
    now = { points, selected };
    paint();
  }

  /** Looks at the points again only where something changed: there may be a million of them. */
  function paint(): void {
    const suggested = now?.points.extra.get('suggested');
    show(element, suggested !== undefined);
    if (now === null || suggested === undefined) {
      return;
    }
    const { points, selected } = now;
    const key = [points.extra, suggested, points.edits, points.label, selected, sure];
    if (key.every((item, i) => item === of[i])) {
      return;
    }
    of = key;
    taken = suggestedAbove(points, sure, selected);
    const all = sure === 0 ? taken : suggestedAbove(points, 0, selected);
    const { length } = taken.rows;
    setText(total, count(all.rows.length));
    const { size } = selected;
    const none = all.rows.length > 0 ? WORDS.acceptNone(sure, size) : WORDS.acceptNothing(size);
    setText(button, length > 0 ? WORDS.acceptAll(length, sure, size) : none);
    button.disabled = length === 0;
  }

  return { element, update };
}
