/** What the curve of all values is drawn with: bars, the band of the standard errors, a line, and what is selected. */

import type { Curve } from './curve';
import { hex, LEVELS, NEUTRAL, type Ink } from './ink';
import type { Frame, Mark } from './plot';

/** Bars of the values below the band and the line; without a threshold they stand on 0, as those of the table. */
export function marksOf(
  curve: Curve,
  { left, top, width, height, y }: Frame,
  threshold: number | null,
  ink: Ink
): Mark[] {
  const k = curve.value.length;
  const clamp = (at: number): number => Math.min(top + height, Math.max(top, at));
  const base = clamp(y(threshold ?? 0));
  const bars = new Map<string, string>();
  const x = (j: number): string => (left + (j / k) * width).toFixed(1);
  let line = '';
  let upper = '';
  let lower = '';
  let picked = '';
  curve.value.forEach((value, j) => {
    const side = threshold === null ? NEUTRAL : value < threshold ? LEVELS - 1 : 2 * LEVELS - 1;
    const key = `${side} ${curve.shown[j] === 1 ? 0.75 : 0.18}`;
    const at = clamp(y(value)).toFixed(1);
    bars.set(key, `${bars.get(key) ?? ''}M${x(j)} ${base.toFixed(1)}V${at}H${x(j + 1)}V${base.toFixed(1)}z`);
    const middle = (left + ((j + 0.5) / k) * width).toFixed(1);
    line += `${j === 0 ? 'M' : 'L'}${middle} ${at}`;
    upper += `${j === 0 ? 'M' : 'L'}${middle} ${clamp(y(value + curve.stderr[j]!)).toFixed(1)}`;
    lower = `L${middle} ${clamp(y(value - curve.stderr[j]!)).toFixed(1)}${lower}`;
    picked += curve.selected[j] === 1 ? `M${middle} ${at}h.01` : '';
  });
  return [
    ...[...bars].map(([key, d]) => {
      const [side, alpha] = key.split(' ').map(Number) as [number, number];
      return { d, fill: hex(ink.levels[side]!), alpha };
    }),
    { d: `${upper}${lower}z`, fill: hex(ink.whisker), alpha: 0.2 },
    { d: line, stroke: hex(ink.whisker), width: 1 },
    ...(picked === '' ? [] : [{ d: picked, stroke: hex(ink.accent), width: 5 }]),
  ];
}
