/** The doubtful test points, one a line: what it is, its label, what speaks against it. */

import { drawPixels, h, setAttr, setText, show } from '../../dom';
import { isRelabelled, type Points } from '../../points';
import type { Kit } from '../kit';
import type { Doubt, Doubts } from './read';
import { WORDS } from './words';

export function createList(focus: (row: number) => void, createMarks: Kit['createMarks']) {
  const take = (event: Event): void => {
    const at = (event.target as Element).closest<HTMLElement>('[data-row]');
    if (at !== null) {
      focus(Number(at.dataset.row));
    }
  };
  const element = h('div', {
    class: 'doubts',
    role: 'listbox',
    'aria-label': WORDS.list,
    'data-testid': 'test-list',
    onfocusin: take,
  });
  let lines: ReturnType<typeof createLine>[] = [];

  return {
    element,
    update(points: Points, found: Doubts, at: number): void {
      if (lines.length !== found.list.length) {
        lines = found.list.map(() => createLine(createMarks));
        element.replaceChildren(...lines.map((line) => line.element));
      }
      const reachable = found.list.some(({ row }) => row === at) ? at : found.list[0]?.row;
      lines.forEach((line, i) => {
        const doubt = found.list[i]!;
        line.paint(points, doubt, found.neighbours);
        setAttr(line.element, 'aria-selected', String(doubt.row === at));
        setAttr(line.element, 'tabindex', doubt.row === reachable ? 0 : -1);
      });
    },
    /** Moves the keyboard's focus to a point. */
    reveal(row: number): void {
      element.querySelector<HTMLElement>(`[data-row="${row}"]`)?.focus();
    },
  };
}

function createLine(createMarks: Kit['createMarks']) {
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
        ? [labels.original, labels.codes].map((codes) => labels.classes[codes[row]!] ?? '')
        : ['', ''];
    const edited = isRelabelled(points, row);
    show(old, edited);
    setText(old, before!);
    setText(label, now!);
    label.classList.toggle('accent', edited);
    marks.paint(points, row);
    setText(model, doubt.said === now ? WORDS.agrees : WORDS.says(doubt));
    show(votes, against !== null && !edited);
    setText(votes, WORDS.against(against ?? 0, neighbours));
    setAttr(element, 'title', edited ? null : WORDS.why(doubt, neighbours));
  }

  return { element, paint };
}
