/** The curve over the shares that are dropped: where its lines go, and the picture of them. */

import { h, setAttr, setText, show, svg } from '../../dom';
import { value } from '../../format';
import type { Curve, Gain, MetricCurve } from './read';
import { WORDS } from './words';

const W = 212;
const H = 82;
const TOP = 15;
/** Below the lines, where the lowest number stands. */
const FOOT = 13;

export interface Lines {
  /** Points of the outline of the band, forth at the top and back at the bottom; empty before there are errors. */
  readonly band: string;
  readonly lowest: string;
  readonly random: string;
  /** Height of the score with the edits; null without any. */
  readonly edited: number | null;
  readonly x: readonly number[];
  readonly low: number;
  readonly high: number;
}

/** Where everything goes; what is not known is left out. Pure. */
export function linesOf(curve: Curve, metric: MetricCurve): Lines {
  const { lowest, random, edited } = metric;
  const ends = (of: Gain): number[] => [
    ...of.score,
    ...of.score.map((score, i) => score - of.error[i]!),
    ...of.score.map((score, i) => score + of.error[i]!),
  ];
  const all = [...ends(lowest), ...random.score, ...(edited?.score ?? [])].filter(Number.isFinite);
  const low = Math.min(...all);
  const high = Math.max(...all);
  const last = curve.shares.at(-1) || 1;
  const x = curve.shares.map((share) => (share / last) * W);
  const y = (score: number): number =>
    TOP + (high > low ? (high - score) / (high - low) : 0.5) * (H - TOP - FOOT);
  const line = (scores: readonly number[]): string[] =>
    scores.flatMap((score, i) =>
      Number.isFinite(score) ? [`${x[i]!.toFixed(1)},${y(score).toFixed(1)}`] : []
    );
  const edge = (sign: number): string[] =>
    line(lowest.score.map((score, i) => score + sign * lowest.error[i]!));
  return {
    band: [...edge(1), ...edge(-1).reverse()].join(' '),
    lowest: line(lowest.score).join(' '),
    random: line(random.score).join(' '),
    edited: edited !== null && Number.isFinite(edited.score[0]) ? y(edited.score[0]!) : null,
    x,
    low,
    high,
  };
}

export function createChart() {
  const band = svg('polygon', { class: 'whatif-band' });
  const lowest = svg('polyline', { class: 'line' });
  const random = svg('polyline', { class: 'whatif-random' });
  const edited = svg('line', { class: 'whatif-edited', x1: 0, x2: W });
  const mark = svg('line', { class: 'whatif-mark', y1: TOP - 3, y2: H });
  const spots = svg('g', {});
  const chart = svg(
    'svg',
    {
      class: 'chart',
      viewBox: `0 0 ${W} ${H}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'data-testid': 'whatif-chart',
    },
    svg('line', { class: 'base', x1: 0, x2: W, y1: H - 0.5, y2: H - 0.5 }),
    band,
    random,
    edited,
    lowest,
    mark,
    spots
  );
  const drop = h('span', { class: 'whatif-drop', 'data-testid': 'whatif-drop' });
  const range = h('span', { class: 'whatif-range' });
  const least = h('span', { class: 'whatif-range whatif-least' });
  const most = h('span');
  const element = h(
    'div',
    {},
    h('div', { class: 'chart-box' }, chart, range, least, drop),
    h('div', { class: 'axis' }, h('span', {}, WORDS.none), most)
  );

  function update(curve: Curve, metric: MetricCurve): void {
    const lines = linesOf(curve, metric);
    setAttr(band, 'points', lines.band);
    setAttr(lowest, 'points', lines.lowest);
    setAttr(random, 'points', lines.random);
    show(edited, lines.edited !== null);
    setAttr(edited, 'y1', lines.edited);
    setAttr(edited, 'y2', lines.edited);
    const at = curve.heldOut ? metric.best : null;
    const place = at === null ? 0 : lines.x[at]!;
    show(mark, at !== null);
    setAttr(mark, 'x1', place);
    setAttr(mark, 'x2', place);
    setText(drop, at === null ? '' : WORDS.drop(curve, at));
    drop.style.cssText = place > W / 2 ? `right:${100 - (place / W) * 100}%` : `left:${(place / W) * 100}%`;
    setText(range, value(lines.high, (lines.high - lines.low) / 20));
    setText(least, lines.high > lines.low ? value(lines.low, (lines.high - lines.low) / 20) : '');
    range.style.left = at === null || place > W / 2 ? '' : 'auto'; // not where the words of the mark are
    setText(most, WORDS.most(curve));
    setAttr(chart, 'aria-label', WORDS.chart(curve, metric));
    spots.replaceChildren(
      ...lines.x.map((x, i) =>
        svg(
          'rect',
          { x: x - W / 16, y: 0, width: W / 8, height: H, fill: 'transparent' },
          svg('title', {}, WORDS.point(curve, metric, i))
        )
      )
    );
  }

  return { element, update };
}
