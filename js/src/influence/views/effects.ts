/** One training point's influences on the test points: those of its own label above, the others below. */

import { drawBars } from '../../bars';
import { drawPixels, h, setAttr, setText, show, svg } from '../../dom';
import { percent, plain } from '../../format';
import { idOf } from '../../points';
import type { Preview } from '../../source';
import type { Effects, Group } from '../effects';
import { number } from '../facts';
import type { Both } from '../points';
import { effectsSaid, groupOf, hurtBy, hurtsShare, openTest, Say } from '../words';

export interface EffectsActions {
  /** A test point was chosen. */
  open(test: number): void;
}

export interface EffectsData {
  both: Both;
  row: number;
  effects: Effects | null;
  scores: Float32Array | null;
  preview: (row: number) => Preview | undefined;
  /** Words where there is nothing to draw. */
  empty: string;
}

const W = 212;
const H = 46;

export function createEffects(actions: EffectsActions) {
  const same = createGroup('effects-same');
  const other = createGroup('effects-other');
  const left = h('span');
  const zero = h('span', { class: 'axis-zero' });
  const right = h('span');
  const axis = h('div', { class: 'axis' }, left, zero, right);
  const empty = h('p', { class: 'muted', role: 'status' });
  const worstTitle = h('h3', {}, Say.hurtMost);
  const worst = h('div', { class: 'thumbs' });
  const element = h(
    'section',
    { class: 'card effects', 'data-testid': 'effects' },
    h('h3', { title: Say.score }, Say.effects),
    same.element,
    other.element,
    axis,
    empty,
    h('div', { class: 'effects-worst', 'data-no-export': true }, worstTitle, worst)
  );
  const thumbs: Thumb[] = [];

  function update(data: EffectsData | null): void {
    show(element, data !== null);
    if (data === null) {
      return;
    }
    const { effects, both, row, scores } = data;
    const known = effects !== null;
    const split = both.train.label?.kind === 'class';
    show(same.element, known);
    show(other.element, known && split);
    show(axis, known);
    show(worstTitle.parentElement!, known && effects.worst.length > 0);
    setText(empty, data.empty);
    show(empty, !known && data.empty !== '');
    if (effects === null || scores === null) {
      return;
    }
    const value = both.train.value[row]!;
    const name = percent(both.quantile);
    same.update(effects, effects.same, split ? Say.sameLabel : Say.allTests, { at: value, name });
    other.update(effects, effects.other, Say.otherLabels, null);
    const { lo, width, bins } = effects;
    setText(left, number(lo));
    setText(right, number(lo + bins * width));
    const middle = -lo / (bins * width);
    setText(zero, middle > 0.14 && middle < 0.86 ? '0' : '');
    zero.style.left = `${middle * 100}%`;
    while (thumbs.length < effects.worst.length) {
      const thumb = createThumb((test) => actions.open(test));
      thumbs.push(thumb);
      worst.append(thumb.element);
    }
    thumbs.forEach((thumb, i) => {
      const test = effects.worst[i];
      show(thumb.element, test !== undefined);
      if (test !== undefined) {
        thumb.paint(test, scores[test]!, data);
      }
    });
  }

  return { element, update };
}

function createGroup(id: string) {
  const name = h('span');
  const said = h('span', { class: 'muted' });
  const bars = svg('g');
  const mark = svg('line', { class: 'quantile-line', y1: 0, y2: H });
  const chart = svg(
    'svg',
    { class: 'chart', viewBox: `0 0 ${W} ${H}`, preserveAspectRatio: 'none', role: 'img', 'data-testid': id },
    bars,
    mark
  );
  const tag = h('span', { class: 'quantile-tag' });
  const element = h(
    'div',
    { class: 'effects-group' },
    h('div', { class: 'effects-head' }, name, said),
    h('div', { class: 'chart-box' }, chart, tag)
  );

  function update(
    effects: Effects,
    group: Group,
    words: string,
    quantile: { at: number; name: string } | null
  ): void {
    const { lo, width, bins } = effects;
    setText(name, groupOf(words, group.n));
    setText(said, group.n === 0 ? Say.none : hurtsShare(group.hurt / group.n));
    drawBars(bars, group.counts, W, H, (i) => (lo + (i + 0.5) * width < 0 ? 'hurts' : 'helps'));
    const marked = quantile !== null && Number.isFinite(quantile.at);
    show(mark, marked);
    show(tag, marked);
    if (marked) {
      const share = Math.min(1, Math.max(0, (quantile.at - lo) / (bins * width)));
      setAttr(mark, 'x1', (share * W).toFixed(1));
      setAttr(mark, 'x2', (share * W).toFixed(1));
      setText(tag, quantile.name);
      tag.style.left = `${(share * 100).toFixed(1)}%`;
      tag.classList.toggle('before', share > 0.8);
    }
    const summary = effectsSaid(group.n, words, group.hurt, quantile?.name ?? '', quantile?.at ?? NaN);
    setAttr(chart, 'aria-label', summary);
  }

  return { element, update };
}

interface Thumb {
  readonly element: HTMLElement;
  paint(test: number, score: number, data: EffectsData): void;
}

function createThumb(open: (test: number) => void): Thumb {
  let at = -1;
  let drawn: Preview | undefined;
  const canvas = h('canvas', { class: 'thumb' });
  const name = h('span', { class: 'thumb-name' });
  const score = h('span', { class: 'hurts' });
  const element = h(
    'button',
    { class: 'thumb-button', 'data-testid': 'worst-test', onclick: () => open(at) },
    canvas,
    name,
    score
  );
  return {
    element,
    paint(test, x, { both, preview }) {
      at = test;
      const kind = both.test.preview;
      const pixels = preview(test);
      const id = idOf(both.test, test);
      show(canvas, kind.kind === 'image');
      show(name, kind.kind !== 'image');
      setText(name, id);
      if (kind.kind === 'image' && pixels instanceof Uint8Array && pixels !== drawn) {
        drawPixels(canvas, pixels, kind.width, kind.height);
        drawn = pixels;
      }
      setText(score, plain(x, 2));
      setAttr(element, 'data-row', test);
      setAttr(element, 'title', openTest(id));
      setAttr(element, 'aria-label', hurtBy(id, -x));
    },
  };
}
