/** The doubtful test points, one a line: what it is, its label, what speaks against it. */

import { named } from '../../format';
import { drawPixels, h, setAttr, setText, show } from '../../dom';
import { isRelabelled, type Points } from '../../points';
import { createMarks } from '../edits/cell';
import { listenForPicks, type Picks } from '../../picking';
import type { UiState } from '../../state';
import type { Doubt, Doubts } from './read';
import { WORDS } from './words';

export function createList(picks: Picks) {
  const element = h('div', {
    class: 'doubts',
    role: 'listbox',
    'aria-multiselectable': 'true',
    'aria-label': WORDS.list,
    'data-testid': 'test-list',
  });
  listenForPicks(element, picks);
  let lines: ReturnType<typeof createLine>[] = [];

  return {
    element,
    update(points: Points, found: Doubts, { focus, selected }: UiState): void {
      if (lines.length !== found.list.length) {
        lines = found.list.map(() => createLine());
        element.replaceChildren(...lines.map((line) => line.element));
      }
      setAttr(element, 'data-any', selected.size > 0 ? '' : null);
      const reachable = found.list.some(({ row }) => row === focus) ? focus : found.list[0]?.row;
      lines.forEach(({ element: line, paint }, i) => {
        const doubt = found.list[i]!;
        paint(points, doubt, found.neighbours);
        setAttr(line, 'aria-selected', String(selected.has(doubt.row)));
        line.classList.toggle('focused', doubt.row === focus);
        setAttr(line, 'tabindex', doubt.row === reachable ? 0 : -1);
      });
    },
    /** Moves the keyboard's focus to a point. */
    reveal(row: number): void {
      element.querySelector<HTMLElement>(`[data-row="${row}"]`)?.focus();
    },
  };
}

function createLine() {
  // looks like a box to tick and is none: the line is what can be selected, by keyboard with Space
  const pick = h('span', { class: 'select', 'aria-hidden': 'true', 'data-testid': 'test-select' });
  const canvas = h('canvas', { class: 'thumb', role: 'img' });
  const text = h('span', { class: 'doubt-text' });
  const name = h('span', { class: 'muted' });
  const old = h('s');
  const label = h('b');
  const marks = createMarks();
  const model = h('span');
  const votes = h('span');
  const element = h(
    'div',
    { class: 'doubt', role: 'option', 'data-testid': 'test-doubt' },
    pick,
    canvas,
    h('div', {}, h('div', { class: 'doubt-head' }, old, label, marks.element, name), text, model, votes)
  );
  let drawn: unknown;

  function paint(points: Points, doubt: Doubt, neighbours: number): void {
    const { row, id, against, preview } = doubt;
    const { preview: kind, label: labels } = points;
    setAttr(element, 'data-row', row);
    show(canvas, kind.kind === 'image');
    if (kind.kind === 'image' && preview instanceof Uint8Array && preview !== drawn) {
      drawPixels(canvas, preview, kind.width, kind.height);
      drawn = preview;
    }
    setAttr(canvas, 'aria-label', WORDS.point(id));
    const words = typeof preview === 'string' ? preview : '';
    show(text, words !== '');
    setText(text, words);
    setText(name, id);
    const [before, now] =
      labels?.kind === 'class'
        ? [labels.original, labels.codes].map((codes) => named(labels.classes[codes[row]!]!))
        : ['', ''];
    const edited = isRelabelled(points, row);
    show(old, edited);
    setText(old, before!);
    setText(label, now!);
    label.classList.toggle('accent', edited);
    marks.paint(points, row);
    setText(model, named(doubt.said) === now ? WORDS.agrees : WORDS.says(doubt));
    show(votes, against !== null && !edited);
    setText(votes, WORDS.against(against ?? 0, neighbours));
    setAttr(
      element,
      'title',
      [edited ? '' : WORDS.why(doubt, neighbours), WORDS.selectTip].filter(Boolean).join('. ')
    );
  }

  return { element, paint };
}
