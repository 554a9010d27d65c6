/** The sorted values of a run in the size of a word: below the threshold in one colour, above it in another. */

import { svg } from '../../dom';

const HEIGHT = 22;

/** `spark`: quantiles, 0 to 100; `zero`: where the threshold lies among them, or null when it is not between them. */
export function sparkline(spark: readonly number[], zero: number | null, label: string): SVGElement {
  const base = at(zero ?? 0);
  const bar = (value: number, i: number): string => `M${i} ${base}V${at(value)}h1V${base}z`;
  const path = (part: string, keep: (value: number) => boolean): SVGElement =>
    svg('path', {
      class: part,
      d: spark.map((value, i) => (keep(value) ? bar(value, i) : '')).join(''),
    });
  const view = { viewBox: `0 0 ${spark.length} ${HEIGHT}`, preserveAspectRatio: 'none' };
  return svg(
    'svg',
    { class: 'dvl-spark', role: 'img', 'aria-label': label, ...view },
    zero === null ? path('neutral', () => true) : path('below', (value) => value < zero),
    zero === null ? null : path('above', (value) => value >= zero),
    zero === null ? null : svg('path', { class: 'zero', d: `M0 ${base}H${spark.length}` })
  );
}

function at(value: number): number {
  return Number((HEIGHT - 0.5 - (value / 100) * (HEIGHT - 1)).toFixed(1));
}
