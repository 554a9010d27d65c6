/** Points in a plane: which are inside a polygon, which is nearest. Pure; a place that is not a number is nowhere. */

export type Corner = readonly [x: number, y: number];

/** Even-odd rule; the polygon closes itself. */
export function inside(x: number, y: number, polygon: readonly Corner[]): boolean {
  let within = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [ax, ay] = polygon[i]!;
    const [bx, by] = polygon[j]!;
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) {
      within = !within;
    }
  }
  return within;
}

/** Rows in a polygon, of those that may be taken. */
export function lassoed(
  px: ArrayLike<number>,
  py: ArrayLike<number>,
  may: ArrayLike<number>,
  polygon: readonly Corner[]
): number[] {
  const xs = polygon.map(([x]) => x);
  const ys = polygon.map(([, y]) => y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const rows: number[] = [];
  for (let row = 0; row < px.length; row++) {
    const x = px[row]!;
    const y = py[row]!;
    if (x >= left && x <= right && y >= top && y <= bottom && may[row]! > 0 && inside(x, y, polygon)) {
      rows.push(row);
    }
  }
  return rows;
}

/** The row nearest to a place, at most `reach` away; -1 for none. */
export function nearest(
  px: ArrayLike<number>,
  py: ArrayLike<number>,
  may: ArrayLike<number>,
  [x, y]: Corner,
  reach: number
): number {
  let best = reach * reach;
  let found = -1;
  for (let row = 0; row < px.length; row++) {
    const d = (px[row]! - x) ** 2 + (py[row]! - y) ** 2;
    if (d <= best && may[row]! > 0) {
      best = d;
      found = row;
    }
  }
  return found;
}

/** The nearest row on the side where an arrow points, within 45 degrees of it; -1 for none. */
export function towards(
  px: ArrayLike<number>,
  py: ArrayLike<number>,
  may: ArrayLike<number>,
  from: number,
  [ax, ay]: Corner
): number {
  let best = Infinity;
  let found = -1;
  for (let row = 0; row < px.length; row++) {
    const dx = px[row]! - px[from]!;
    const dy = py[row]! - py[from]!;
    const along = dx * ax + dy * ay;
    const d = dx * dx + dy * dy;
    if (along > 0 && d < best && 2 * along * along >= d && may[row]! > 0) {
      best = d;
      found = row;
    }
  }
  return found;
}

/** About `wanted` round numbers between two ends. */
export function ticks(lo: number, hi: number, wanted: number): number[] {
  const rough = (hi - lo) / Math.max(1, wanted);
  if (!(rough > 0 && Number.isFinite(rough))) {
    return [lo];
  }
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((f) => f * power >= rough) ?? 10);
  const found: number[] = [];
  for (let k = Math.ceil(lo / step - 1e-9); k * step <= hi + 1e-9 * step; k++) {
    found.push(Number((k * step).toPrecision(12)));
  }
  return found;
}
