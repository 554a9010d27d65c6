/** A training point as a card: the point itself, its label, its influence in words, and its numbers. */

import { drawPixels, h, icon, setAttr, setText, show } from '../dom';
import { plain } from '../format';
import { CLOSE } from '../icons';
import { idOf, isRelabelled, type Points } from '../points';
import { createMarks } from '../parts/edits/cell';
import type { Preview } from '../source';
import { brief } from './facts';
import { labelWord, LOSS, originalWord, OWN, SELF } from './points';
import { doubtTip, imageOf, labelled, moves, pointWord, Say } from './words';

export interface Card {
  readonly row: number;
  /** Influence on the chosen test point; null where none is meant. */
  readonly score: number | null;
}

export interface CardContext {
  points: Points;
  /** Name of the quantile, and what it is. */
  quantile: string;
  quantileTip: string;
  focus: number;
  selected: ReadonlySet<number>;
  preview: (row: number) => Preview | undefined;
  doubtful: (row: number) => boolean;
  /** The largest influence that is drawn: a full bar. */
  scale: number;
}

/** Features listed on a card of a point without picture and text. */
const FEATURES = 4;

export interface CardView {
  readonly element: HTMLElement;
  paint(card: Card, data: CardContext): void;
}

export function createCard(): CardView {
  const canvas = h('canvas', { class: 'card-picture', role: 'img', 'data-testid': 'card-preview' });
  const text = h('div', { class: 'card-text' });
  const features = h('dl', { class: 'facts card-features' });
  const old = h('s');
  const label = h('span', { class: 'label-now' });
  const doubt = h('span', { class: 'doubt', role: 'img' }, '?');
  const dropped = h(
    'span',
    { class: 'dropped-mark', role: 'img', 'aria-label': Say.dropped, title: Say.droppedMark },
    icon(CLOSE)
  );
  const marks = createMarks();
  const score = h('span', { class: 'card-score', 'data-testid': 'card-score' });
  const bar = h('span', { class: 'card-bar' });
  const numbers = [0, 1, 2].map(() => [h('dt'), h('dd')] as const);
  // looks like a box to tick and is none: the card is what can be selected, by keyboard with Space
  const pick = h('span', { class: 'card-pick', 'aria-hidden': 'true', 'data-testid': 'card-select' });
  const element = h(
    'div',
    { class: 'point-card', role: 'option', 'data-testid': 'card' },
    h('div', { class: 'card-look' }, canvas, text, features, pick),
    h('div', { class: 'card-label' }, old, label, marks.element, doubt, dropped),
    h('div', { class: 'card-line' }, score, h('span', { class: 'card-track' }, bar)),
    h('dl', { class: 'card-numbers' }, ...numbers.map(([dt, dd]) => h('div', {}, dt, dd)))
  );
  let drawn: Preview | undefined;

  function look(row: number, { points, preview }: CardContext): void {
    const kind = points.preview;
    const pixels = preview(row);
    show(canvas, kind.kind === 'image');
    show(text, kind.kind === 'text');
    show(features, kind.kind === 'none');
    setAttr(canvas, 'data-drawn', pixels !== undefined);
    setAttr(canvas, 'aria-label', imageOf(idOf(points, row)));
    if (kind.kind === 'image' && pixels !== drawn) {
      if (pixels instanceof Uint8Array) {
        drawPixels(canvas, pixels, kind.width, kind.height);
      } else {
        canvas.width = 1;
      }
      drawn = pixels;
    }
    setText(text, typeof pixels === 'string' ? pixels : '…');
    if (kind.kind === 'none') {
      const some = points.features.slice(OWN, OWN + FEATURES);
      features.replaceChildren(
        ...(some.length === 0 ? [h('dt', {}, Say.point), h('dd', {}, idOf(points, row))] : []),
        ...some.flatMap(({ name, values }) => [h('dt', {}, name), h('dd', {}, plain(values[row]!))])
      );
    }
  }

  return {
    element,
    paint({ row, score: x }, data) {
      const { points } = data;
      const selected = data.selected.has(row);
      const word = labelWord(points, row);
      const edited = isRelabelled(points, row);
      const suspect = data.doubtful(row);
      setAttr(element, 'data-row', row);
      setAttr(element, 'aria-selected', String(selected));
      element.classList.toggle('focused', row === data.focus);
      element.classList.toggle('dropped', points.dropped[row] === 1);
      look(row, data);
      show(old, edited);
      setText(old, edited ? originalWord(points, row) : '');
      marks.paint(points, row);
      setText(label, word);
      setAttr(label, 'title', points.label === null ? null : labelled(word));
      show(label, points.label !== null);
      label.classList.toggle('edited', edited);
      show(doubt, suspect);
      setAttr(doubt, 'title', doubtTip(data.quantile));
      setAttr(doubt, 'aria-label', Say.inDoubt);
      show(dropped, points.dropped[row] === 1);
      const value = x ?? points.value[row]!;
      const tone = value < 0 ? 'hurts' : 'helps';
      show(score.parentElement!, x !== null);
      setText(score, x === null ? '' : moves(x, 2));
      setAttr(score, 'title', `${plain(value, 4)}. ${Say.score}`);
      setAttr(score, 'class', `card-score ${tone}`);
      setAttr(bar, 'class', `card-bar ${tone}`);
      bar.style.width = `${Math.min(100, (Math.abs(value) / (data.scale || 1)) * 100).toFixed(1)}%`;
      const own = points.value[row]!;
      [points.features[LOSS]!.values[row]!, points.features[SELF]!.values[row]!, own].forEach((x, i) => {
        const [dt, dd] = numbers[i]!;
        setText(dt, i === 2 ? data.quantile : i === 1 ? Say.self : Say.loss);
        setAttr(
          dt.parentElement!,
          'title',
          i === 2 ? data.quantileTip : i === 1 ? Say.selfTip : Say.ownLossTip
        );
        setText(dd, brief(x));
        setAttr(dd, 'title', plain(x, 4));
      });
      setAttr(numbers[2]![1], 'class', Number.isFinite(own) ? (own < 0 ? 'hurts' : 'helps') : null);
      setAttr(element, 'aria-label', spoken(data, row, x, suspect));
    },
  };
}

function spoken({ points, quantile }: CardContext, row: number, x: number | null, suspect: boolean): string {
  const label = points.label === null ? '' : `, ${labelled(labelWord(points, row))}`;
  const score = x === null ? '' : `, ${moves(x, 3)}`;
  const value = points.value[row]!;
  const known = Number.isFinite(value) ? `, ${quantile} ${plain(value, 3)}` : '';
  return `${pointWord(idOf(points, row))}${label}${score}${known}${suspect ? `, ${Say.inDoubt}` : ''}`;
}
