/** The bars of a histogram, in a chart that other things may be drawn upon. */

import { svg } from './dom';

/**
 * Draws `counts` side by side over a width, the highest as tall as `height`; `highest` makes charts comparable. Bars of one
 * colour are one path: an element for each would be styled, laid out and painted by itself, a hundred and fifty in a panel.
 */
export function drawBars(
  group: SVGGElement,
  counts: ArrayLike<number>,
  width: number,
  height: number,
  colour: (bin: number) => string,
  highest = Math.max(1, ...Array.from(counts))
): void {
  const slot = width / (counts.length || 1);
  const across = Math.max(0.6, slot - 0.8).toFixed(2);
  const outlines: Record<string, string> = {};
  for (let i = 0; i < counts.length; i++) {
    if (counts[i]! > 0) {
      const tall = Math.max(1.5, (counts[i]! / highest) * (height - 2)).toFixed(1);
      const name = colour(i);
      outlines[name] =
        `${outlines[name] ?? ''}M${(i * slot + 0.4).toFixed(2)} ${height}v-${tall}h${across}v${tall}z`;
    }
  }
  group.replaceChildren(...Object.entries(outlines).map(([name, d]) => svg('path', { class: name, d })));
}
