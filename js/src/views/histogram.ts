/** Distribution of the values: blue helps, orange hurts. Dragging over it filters the table. */

import { drawBars } from '../bars';
import type { HistogramData } from '../histogram';
import { h, setAttr, setText, svg } from '../dom';
import { many, plain } from '../format';
import { LIVE } from '../here';
import { distributionWords, Say } from '../words';

export interface HistogramActions {
  brush(range: readonly [number, number] | null): void;
}

const W = 212;
const H = 78;

export function createHistogram(actions: HistogramActions) {
  const known = h('span', { class: 'muted strong' });
  const bars = svg('g');
  const brushed = svg('rect', { class: 'brush', y: 0, height: H, width: 0 });
  const chart = svg(
    'svg',
    {
      class: 'chart brushable',
      viewBox: `0 0 ${W} ${H}`,
      preserveAspectRatio: 'none',
      tabindex: 0,
      role: 'img',
      'data-testid': 'histogram',
    },
    brushed,
    bars
  );
  const left = h('span');
  const middle = h('span', { class: 'axis-zero' });
  const right = h('span');
  const element = h(
    'section',
    { class: 'card' },
    h('h3', {}, h('span', {}, Say.values), known),
    chart,
    h('div', { class: 'axis' }, left, middle, right),
    h('p', { class: 'visually-hidden', id: 'dvl-histogram-help' }, Say.brushHelp)
  );
  setAttr(chart, 'aria-describedby', 'dvl-histogram-help');
  let data: HistogramData = { histogram: null, threshold: null, range: null, n: 0, unit: '' };
  let drag: number | null = null;
  let before: HistogramData['range'] = null;

  const at = (event: PointerEvent): number => {
    const box = chart.getBoundingClientRect();
    const { lo, hi } = data.histogram!;
    return lo + (hi - lo) * Math.min(1, Math.max(0, (event.clientX - box.left) / (box.width || 1)));
  };
  /** Filters by whole bars: both ends snap to the edges of bins. */
  const snap = (a: number, b: number): [number, number] => {
    const { lo, hi, width } = data.histogram!;
    const from = lo + Math.floor((Math.min(a, b) - lo) / width + 1e-6) * width;
    const to = lo + Math.ceil((Math.max(a, b) - lo) / width - 1e-6) * width;
    return [Math.max(lo, from), Math.min(hi, to)];
  };
  chart.addEventListener('mousedown', (event) => event.preventDefault()); // a drag is no focus
  chart.addEventListener('pointerdown', (event) => {
    if (data.histogram !== null && event.button === 0) {
      drag = at(event);
      if (LIVE) {
        before = data.range;
      }
      chart.setPointerCapture(event.pointerId);
    }
  });
  const dragged = (event: PointerEvent): boolean =>
    Math.abs(at(event) - drag!) > (data.histogram?.width ?? Infinity) / 2;
  chart.addEventListener('pointermove', (event) => {
    if (drag !== null && dragged(event)) {
      actions.brush(snap(drag, at(event)));
    }
  });
  chart.addEventListener('pointerup', (event) => {
    if (drag !== null && !dragged(event)) {
      actions.brush(null);
    }
    drag = null;
  });
  chart.addEventListener('pointercancel', () => {
    if (LIVE && drag !== null) {
      actions.brush(before); // the browser takes the drag for something else
    }
    drag = null;
  });
  chart.addEventListener('keydown', (event) => {
    const step = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
    if (event.key === 'Escape' && data.range !== null) {
      event.stopPropagation();
      actions.brush(null);
    } else if (step !== 0 && data.histogram !== null) {
      event.preventDefault();
      const { lo, hi, width } = data.histogram;
      const [a, b] = data.range ?? [lo, hi];
      const moved: [number, number] = event.shiftKey ? [a + step * width, b] : [a, b + step * width];
      const next = snap(Math.max(lo, moved[0]), Math.min(hi, moved[1]));
      actions.brush(next[1] - next[0] < width / 2 ? [a, b] : next);
    }
  });

  function update(now: HistogramData): void {
    data = now;
    const { histogram: bins, threshold, range } = now;
    setText(known, bins === null ? '' : many(bins.known, 'point'));
    setAttr(chart, 'aria-label', distributionWords(now));
    drawBars(bars, bins?.counts ?? [], W, H, (i) => colour(now, i));
    const x = (value: number): number => (bins === null ? 0 : ((value - bins.lo) / (bins.hi - bins.lo)) * W);
    const from = range === null ? 0 : Math.max(0, x(range[0]));
    setAttr(brushed, 'x', from);
    setAttr(brushed, 'width', range === null ? 0 : Math.max(0, Math.min(W, x(range[1])) - from));
    setText(left, bins === null ? Say.noValues : plain(bins.lo, 2));
    setText(right, bins === null ? '' : plain(bins.hi, 2));
    const zero = threshold === null ? -1 : x(threshold) / W;
    setText(middle, zero > 0.25 && zero < 0.8 ? plain(threshold!, 2) : '');
    middle.style.left = `${zero * 100}%`;
  }

  return { element, update };
}

function colour(now: HistogramData, bin: number): string {
  const { histogram, threshold, range } = now;
  if (histogram === null) {
    return 'neutral';
  }
  const centre = histogram.lo + (bin + 0.5) * histogram.width;
  const side = threshold === null ? 'neutral' : centre < threshold ? 'hurts' : 'helps';
  return range !== null && (centre < range[0] || centre > range[1]) ? `${side} outside` : side;
}
