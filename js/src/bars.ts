/** The bars of a histogram, in a chart that other things may be drawn upon. */

import { setAttr, svg } from './dom';

/** Draws `counts` side by side over a width, the highest as tall as `height`; `highest` makes charts comparable. */
export function drawBars(
  group: SVGGElement,
  counts: ArrayLike<number>,
  width: number,
  height: number,
  colour: (bin: number) => string,
  highest = Math.max(1, ...Array.from(counts))
): void {
  while (group.childElementCount < counts.length) {
    group.append(svg('rect'));
  }
  const slot = width / (counts.length || 1);
  [...group.children].forEach((bar, i) => {
    const k = counts[i] ?? 0;
    const tall = k > 0 ? Math.max(1.5, (k / highest) * (height - 2)) : 0;
    setAttr(bar, 'x', (i * slot + 0.4).toFixed(2));
    setAttr(bar, 'width', Math.max(0.6, slot - 0.8).toFixed(2));
    setAttr(bar, 'y', (height - tall).toFixed(1));
    setAttr(bar, 'height', tall.toFixed(1));
    setAttr(bar, 'class', colour(i));
  });
}
