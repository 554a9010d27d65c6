/** Distribution of the quantiles, with a threshold to drag: the points below it are shown. */

import { drawBars } from '../../bars';
import type { Histogram } from '../../histogram';
import { h, setAttr, setText, show, svg } from '../../dom';
import { count, many, plain } from '../../format';
import { belowAt, cutAt, distribution, noDistribution, Say } from '../words';

export interface ThresholdActions {
  /** Null: no threshold. */
  set(at: number | null): void;
}

export interface ThresholdData {
  histogram: Histogram | null;
  at: number | null;
  /** How many points are at or below the threshold. */
  below: number;
  n: number;
  name: string;
  /** What the numbers are. */
  tip: string;
}

const W = 212;
const H = 104;

export function createThreshold(actions: ThresholdActions) {
  const title = h('span');
  const known = h('span', { class: 'muted strong' });
  const bars = svg('g');
  const shade = svg('rect', { class: 'brush', y: 0, x: 0, height: H, width: 0 });
  const mark = svg('line', { class: 'threshold-mark', y1: 0, y2: H }); // the handle is not in a picture of the chart
  const chart = svg(
    'svg',
    { class: 'chart', viewBox: `0 0 ${W} ${H}`, preserveAspectRatio: 'none', role: 'img' },
    shade,
    bars,
    mark
  );
  const handle = h(
    'div',
    {
      class: 'threshold-handle',
      role: 'slider',
      tabindex: 0,
      'aria-orientation': 'horizontal',
      'aria-label': Say.threshold,
      'data-testid': 'threshold',
      title: Say.thresholdTip,
    },
    h('span', { class: 'threshold-line' }),
    h('span', { class: 'threshold-grip' })
  );
  const box = h('div', { class: 'threshold-box', 'data-testid': 'threshold-chart' }, chart, handle);
  const left = h('span');
  const zero = h('span', { class: 'axis-zero' });
  const right = h('span');
  const words = h('p', { 'data-testid': 'threshold-words' });
  const clear = h(
    'button',
    {
      class: 'link',
      'data-testid': 'threshold-clear',
      'data-no-export': true,
      onclick: () => actions.set(null),
    },
    Say.showAll
  );
  const element = h(
    'section',
    { class: 'card' },
    h('h3', {}, title, known),
    box,
    h('div', { class: 'axis' }, left, zero, right),
    h('div', { class: 'threshold-said' }, words, clear)
  );
  let data: ThresholdData | null = null;
  let dragging = false;

  const move = (event: PointerEvent): void => {
    const histogram = data?.histogram;
    if (histogram != null) {
      const rect = box.getBoundingClientRect();
      const share = Math.min(1, Math.max(0, (event.clientX - rect.left) / (rect.width || 1)));
      actions.set(histogram.lo + share * (histogram.hi - histogram.lo));
    }
  };
  box.addEventListener('pointerdown', (event) => {
    if (event.button === 0 && data?.histogram != null) {
      dragging = true;
      box.setPointerCapture(event.pointerId);
      event.preventDefault();
      handle.focus({ preventScroll: true });
      move(event);
    }
  });
  box.addEventListener('pointermove', (event) => {
    if (dragging) {
      move(event);
    }
  });
  for (const end of ['pointerup', 'pointercancel'] as const) {
    box.addEventListener(end, () => (dragging = false));
  }
  handle.addEventListener('keydown', (event) => {
    const histogram = data?.histogram;
    if (data === null || histogram == null) {
      return;
    }
    if (event.key === 'Escape' && data.at !== null) {
      event.stopPropagation();
      actions.set(null);
      return;
    }
    const to = stepped(event.key, histogram, data.at ?? histogram.hi);
    if (to !== null) {
      event.preventDefault();
      actions.set(to);
    }
  });

  function update(now: ThresholdData): void {
    data = now;
    const { histogram, at } = now;
    setText(title, now.name);
    setAttr(title, 'title', now.tip);
    setText(known, histogram === null ? '' : many(histogram.known, 'point'));
    drawBars(bars, histogram?.counts ?? [], W, H, (i) => colour(now, i));
    setAttr(chart, 'aria-label', summary(now));
    show(handle, histogram !== null);
    const place = (x: number): number =>
      histogram === null ? 0 : Math.min(1, Math.max(0, (x - histogram.lo) / (histogram.hi - histogram.lo)));
    const share = place(at ?? histogram?.hi ?? 0);
    setAttr(shade, 'width', at === null ? 0 : (share * W).toFixed(1));
    show(mark, at !== null);
    setAttr(mark, 'x1', (share * W).toFixed(1));
    setAttr(mark, 'x2', (share * W).toFixed(1));
    setAttr(words, 'data-no-export', at === null);
    handle.style.left = `${(share * 100).toFixed(2)}%`;
    handle.classList.toggle('unset', at === null);
    setText(left, histogram === null ? Say.noValues : plain(histogram.lo, 2));
    setText(right, histogram === null ? '' : plain(histogram.hi, 2));
    const middle = histogram === null ? 0 : place(0);
    setText(zero, middle > 0.2 && middle < 0.8 ? '0' : '');
    zero.style.left = `${middle * 100}%`;
    setAttr(handle, 'aria-valuemin', histogram === null ? null : histogram.lo.toPrecision(4));
    setAttr(handle, 'aria-valuemax', histogram === null ? null : histogram.hi.toPrecision(4));
    setAttr(handle, 'aria-valuenow', histogram === null ? null : (at ?? histogram.hi).toPrecision(4));
    setAttr(handle, 'aria-valuetext', at === null ? Say.noThreshold : belowAt(count(now.below), at));
    setText(words, histogram === null ? '' : at === null ? Say.drag : belowAt(many(now.below, 'point'), at));
    show(clear, at !== null);
  }

  return { element, update };
}

/** Where a key moves the threshold: a bar, five bars, an end; null for other keys. */
function stepped(key: string, { lo, hi, width }: Histogram, at: number): number | null {
  const bars: Record<string, number> = {
    ArrowLeft: -1,
    ArrowDown: -1,
    ArrowRight: 1,
    ArrowUp: 1,
    PageDown: -5,
    PageUp: 5,
  };
  const step = bars[key];
  if (step !== undefined) {
    // edges of bars: a step moves whole bars in or out
    const edge = lo + Math.round((at - lo) / width) * width;
    return Math.min(hi, Math.max(lo + width, edge + step * width));
  }
  return key === 'Home' ? lo + width : key === 'End' ? hi : null;
}

function colour({ histogram, at }: ThresholdData, bin: number): string {
  const centre = histogram!.lo + (bin + 0.5) * histogram!.width;
  const side = centre < 0 ? 'hurts' : 'helps';
  return at !== null && centre > at ? `${side} outside` : side;
}

function summary({ histogram, at, below, n, name }: ThresholdData): string {
  if (histogram === null) {
    return noDistribution(name);
  }
  const { known, lo, hi } = histogram;
  return `${distribution(name, known, n, lo, hi)}${at === null ? '' : cutAt(below, at)}.`;
}
