/** The values before the points were valued again, as an outline over the histogram of those now. */

import type { Histogram } from '../../histogram';
import { h, setAttr, setText, show, svg } from '../../dom';
import { count, plain } from '../../format';
import { valuesBefore } from '../../points';
import type { Sight } from '../part';
import { createWatch } from './look';
import { WORDS } from './words';

/** As the histogram is drawn, see views/histogram.ts. */
const W = 212;
const H = 78;

/** How many numbers lie in each bin; what lies beyond the ends is in none. Pure. */
export function binned(numbers: ArrayLike<number>, { lo, hi, width, counts }: Histogram): Uint32Array {
  const found = new Uint32Array(counts.length);
  for (let i = 0; i < numbers.length; i++) {
    const x = numbers[i]!;
    if (x >= lo && x <= hi) {
      found[Math.min(found.length - 1, Math.floor((x - lo) / width))]! += 1;
    }
  }
  return found;
}

/** Steps around bars, whose highest is as tall as `highest` is. Pure. */
export function outline(counts: ArrayLike<number>, highest: number, width: number, height: number): string {
  const slot = width / (counts.length || 1);
  const steps = Array.from(counts, (k, i) => {
    const y = height - (k / (highest || 1)) * (height - 2);
    return `V${y.toFixed(1)}H${((i + 1) * slot).toFixed(2)}`;
  });
  return `M0 ${height}${steps.join('')}V${height}`;
}

export function createBefore() {
  const path = svg('path', { class: 'before', 'vector-effect': 'non-scaling-stroke' });
  const key = svg(
    'svg',
    { class: 'key', viewBox: '0 0 12 10', 'aria-hidden': 'true' },
    svg('path', { class: 'before', d: 'M1 10V4H6V1H11V10' })
  );
  const toggle = h(
    'button',
    {
      class: 'chip',
      title: WORDS.beforeTip,
      'data-testid': 'before-toggle',
      onclick: () => {
        shown = !shown;
        draw();
      },
    },
    key,
    WORDS.before
  );
  const said = h('span', { class: 'muted', 'data-testid': 'before-said' });
  const legend = h('div', { class: 'legend', hidden: true }, toggle, said);
  const isNew = createWatch();
  let chart: Element | null = null;
  let shown = true;
  let counts: Uint32Array | null = null;
  let histogram: Histogram | null = null;
  let words = '';

  function draw(): void {
    const bars = chart?.querySelector('g');
    const on = shown && counts !== null && histogram !== null;
    show(legend, counts !== null);
    show(path, on);
    setAttr(toggle, 'aria-pressed', String(shown));
    setText(said, words);
    setAttr(chart ?? path, 'aria-description', on ? words : null);
    const now = on ? Math.max(1, ...histogram!.counts) : 1;
    const highest = on ? Math.max(now, ...counts!) : 1;
    // the bars give way where the outline is higher
    setAttr(
      bars ?? path,
      'transform',
      now < highest ? `matrix(1 0 0 ${now / highest} 0 ${H * (1 - now / highest)})` : null
    );
    setAttr(path, 'd', on ? outline(counts!, highest, W, H) : null);
  }

  return {
    /** `panel`: in which the histogram stands. */
    update(panel: Element, { points, derived }: Sight): void {
      const before = valuesBefore(points);
      const { threshold } = points.status;
      if (!isNew(before, derived.histogram, threshold)) {
        return;
      }
      if (chart === null) {
        chart = panel.querySelector('[data-testid="histogram"]');
        chart?.append(path);
        chart?.nextElementSibling?.after(legend);
      }
      histogram = derived.histogram;
      counts = before === null || histogram === null ? null : binned(before, histogram);
      words =
        counts === null || threshold === null
          ? ''
          : WORDS.belowBefore(
              plain(threshold, 2),
              count(below(before!, threshold)),
              count(below(points.value, threshold))
            );
      draw();
    },
  };
}

function below(numbers: ArrayLike<number>, threshold: number): number {
  let k = 0;
  for (let i = 0; i < numbers.length; i++) {
    k += numbers[i]! < threshold ? 1 : 0;
  }
  return k;
}
