/** Training points as cards: the point itself, its label, its influence in words, and its numbers. */

import { drawPixels, h, icon, setAttr, setText, show } from '../../dom';
import { count, plain } from '../../format';
import { CLOSE } from '../../icons';
import type { Points } from '../../points';
import { idOf, isRelabelled } from '../../points';
import type { Preview } from '../../source';
import { SCORE } from '../columns';
import { brief } from '../facts';
import { labelWord, LOSS, OWN, SELF } from '../points';

export interface Card {
  readonly row: number;
  /** Influence on the chosen test point; null where none is meant. */
  readonly score: number | null;
}

export interface GalleryActions {
  focus(row: number): void;
  toggle(row: number): void;
  more(): void;
}

export interface GalleryData {
  cards: readonly Card[];
  points: Points;
  /** Name of the quantile. */
  quantile: string;
  focus: number;
  selected: ReadonlySet<number>;
  preview: (row: number) => Preview | undefined;
  doubtful: (row: number) => boolean;
  /** The largest influence that is drawn: a full bar. */
  scale: number;
  /** Words in place of cards. */
  empty: string;
  /** How many more points there are than cards. */
  more: number;
}

/** Features listed on a card of a point without picture and text. */
const FEATURES = 4;

export function createGallery(id: string, name: string, actions: GalleryActions) {
  const list = h('div', {
    class: 'cards',
    role: 'listbox',
    'aria-multiselectable': 'true',
    'aria-label': name,
    'data-testid': id,
  });
  const empty = h('p', { class: 'gallery-empty muted', role: 'status' });
  const more = h(
    'button',
    {
      type: 'button',
      class: 'button small gallery-more',
      'data-testid': `${id}-more`,
      onclick: () => actions.more(),
    },
    ''
  );
  const element = h('div', { class: 'gallery' }, list, empty, more);
  const pool: CardView[] = [];
  let data: GalleryData | null = null;

  const rowAt = (event: Event): number =>
    Number((event.target as Element).closest('[data-row]')?.getAttribute('data-row') ?? -1);
  list.addEventListener('click', (event) => {
    const row = rowAt(event);
    if (row < 0) {
      return;
    }
    const picks = (event.target as Element).closest('.card-pick') !== null;
    if (picks || event.ctrlKey || event.metaKey || event.shiftKey) {
      actions.toggle(row);
    } else {
      actions.focus(row);
    }
  });
  list.addEventListener('keydown', (event) => {
    const at = shown().findIndex((card) => card.element === (event.target as Element).closest('.point-card'));
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const to = target(event.key, at, shown().length, across());
    if (event.key === ' ') {
      actions.toggle(rowAt(event));
    } else if (event.key === 'Enter') {
      actions.focus(rowAt(event));
    } else if (to === null) {
      return;
    } else if (data !== null) {
      actions.focus(data.cards[to]!.row);
      shown()[to]!.element.focus();
    }
    event.preventDefault();
  });

  const shown = (): CardView[] => pool.filter((card) => !card.element.hidden);
  const across = (): number => {
    const cards = shown();
    const top = cards[0]?.element.offsetTop;
    return Math.max(1, cards.filter((card) => card.element.offsetTop === top).length);
  };

  function update(now: GalleryData): void {
    data = now;
    while (pool.length < now.cards.length) {
      const card = createCard();
      pool.push(card);
      list.append(card.element);
    }
    const reachable = now.cards.findIndex((card) => card.row === now.focus);
    pool.forEach((card, i) => {
      show(card.element, i < now.cards.length);
      if (i < now.cards.length) {
        card.paint(now.cards[i]!, now);
        setAttr(card.element, 'tabindex', i === Math.max(0, reachable) ? 0 : -1);
      }
    });
    setText(empty, now.empty);
    show(empty, now.cards.length === 0 && now.empty !== '');
    setText(more, `Show more (${count(now.more)})`);
    show(more, now.more > 0);
    setAttr(list, 'data-cards', now.cards.length);
    setAttr(list, 'data-kind', now.points.preview.kind);
  }

  return { element, list, update };
}

/** Where a key leads from a card, as the cards stand; null for other keys. */
function target(key: string, at: number, n: number, across: number): number | null {
  const steps: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -across,
    ArrowDown: across,
    Home: -n,
    End: n,
  };
  const step = steps[key];
  if (step === undefined) {
    return null;
  }
  const to = at + step;
  const jumps = key === 'Home' || key === 'End';
  return jumps ? Math.min(n - 1, Math.max(0, to)) : to < 0 || to >= n ? at : to;
}

interface CardView {
  readonly element: HTMLElement;
  paint(card: Card, data: GalleryData): void;
}

function createCard(): CardView {
  const canvas = h('canvas', { class: 'card-picture', role: 'img', 'data-testid': 'card-preview' });
  const text = h('div', { class: 'card-text' });
  const features = h('dl', { class: 'facts card-features' });
  const old = h('s');
  const label = h('span', { class: 'label-now' });
  const doubt = h('span', { class: 'doubt', role: 'img' }, '?');
  const dropped = h(
    'span',
    { class: 'dropped-mark', role: 'img', 'aria-label': 'dropped', title: 'dropped: left out of dataset()' },
    icon(CLOSE)
  );
  const score = h('span', { class: 'card-score', 'data-testid': 'card-score' });
  const bar = h('span', { class: 'card-bar' });
  const numbers = [0, 1, 2].map(() => [h('dt'), h('dd')] as const);
  const pick = h('input', {
    type: 'checkbox',
    class: 'card-pick',
    tabindex: -1,
    'data-testid': 'card-select',
  });
  const element = h(
    'div',
    { class: 'point-card', role: 'option', 'data-testid': 'card' },
    h('div', { class: 'card-look' }, canvas, text, features, pick),
    h('div', { class: 'card-label' }, old, label, doubt, dropped),
    h('div', { class: 'card-line' }, score, h('span', { class: 'card-track' }, bar)),
    h('dl', { class: 'card-numbers' }, ...numbers.map(([dt, dd]) => h('div', {}, dt, dd)))
  );
  let drawn: Preview | undefined;

  function look(row: number, { points, preview }: GalleryData): void {
    const kind = points.preview;
    const pixels = preview(row);
    show(canvas, kind.kind === 'image');
    show(text, kind.kind === 'text');
    show(features, kind.kind === 'none');
    setAttr(canvas, 'data-drawn', pixels !== undefined);
    setAttr(canvas, 'aria-label', `Image of point ${idOf(points, row)}`);
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
        ...(some.length === 0 ? [h('dt', {}, 'point'), h('dd', {}, idOf(points, row))] : []),
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
      pick.checked = selected;
      setAttr(pick, 'aria-label', `Select point ${idOf(points, row)}`);
      show(old, edited);
      setText(old, edited ? original(points, row) : '');
      setText(label, word);
      setAttr(label, 'title', points.label === null ? null : `labelled ${word}`);
      show(label, points.label !== null);
      label.classList.toggle('edited', edited);
      show(doubt, suspect);
      setAttr(
        doubt,
        'title',
        `Its ${data.quantile} is among the lowest: it hurts the test points of its own label`
      );
      setAttr(doubt, 'aria-label', 'label in doubt');
      show(dropped, points.dropped[row] === 1);
      const value = x ?? points.value[row]!;
      const tone = value < 0 ? 'hurts' : 'helps';
      show(score.parentElement!, x !== null);
      setText(score, x === null ? '' : `${tone} ${plain(Math.abs(x), 2)}`);
      setAttr(score, 'title', `${plain(value, 4)}. ${SCORE}`);
      setAttr(score, 'class', `card-score ${tone}`);
      setAttr(bar, 'class', `card-bar ${tone}`);
      bar.style.width = `${Math.min(100, (Math.abs(value) / (data.scale || 1)) * 100).toFixed(1)}%`;
      const own = points.value[row]!;
      [points.features[LOSS]!.values[row]!, points.features[SELF]!.values[row]!, own].forEach((x, i) => {
        const [dt, dd] = numbers[i]!;
        setText(dt, i === 2 ? data.quantile : i === 1 ? 'self' : 'loss');
        setText(dd, brief(x));
        setAttr(dd, 'title', plain(x, 4));
      });
      setAttr(numbers[2]![1], 'class', Number.isFinite(own) ? (own < 0 ? 'hurts' : 'helps') : null);
      setAttr(element, 'aria-label', spoken(data, row, x, suspect));
    },
  };
}

function original(points: Points, row: number): string {
  const { label } = points;
  return label?.kind === 'class'
    ? (label.classes[label.original[row]!] ?? '')
    : String(label?.original[row] ?? '');
}

function spoken({ points, quantile }: GalleryData, row: number, x: number | null, suspect: boolean): string {
  const label = points.label === null ? '' : `, labelled ${labelWord(points, row)}`;
  const score = x === null ? '' : `, ${x < 0 ? 'hurts' : 'helps'} ${plain(Math.abs(x), 3)}`;
  const value = points.value[row]!;
  const known = Number.isFinite(value) ? `, ${quantile} ${plain(value, 3)}` : '';
  return `Point ${idOf(points, row)}${label}${score}${known}${suspect ? ', label in doubt' : ''}`;
}
