/** Points in a plane: which are inside a polygon, which is nearest. Pure; a place that is not a number is nowhere. */

export type Corner = readonly [x: number, y: number];

const MOST_BANDS = 1000;
/** Pixels between corners of a lasso. */
const STEP = 3;

/** Edges of a polygon by the band of heights that they cross: a point is compared with those of its own band only. */
function bandsOf(polygon: readonly Corner[], top: number, bottom: number) {
  const k = Math.max(1, Math.min(MOST_BANDS, Math.ceil(bottom - top)));
  const at = (y: number): number => Math.min(k - 1, Math.floor(((y - top) / (bottom - top || 1)) * k));
  const bands = Array.from({ length: k }, (): number[] => []);
  polygon.forEach(([ax, ay], i) => {
    const [bx, by] = polygon[(i + 1) % polygon.length]!;
    for (let band = at(Math.min(ay, by)); band <= at(Math.max(ay, by)); band++) {
      bands[band]!.push(ax, ay, bx, by);
    }
  });
  return (y: number): readonly number[] => bands[at(y)]!;
}

/** Rows in a polygon, of those that may be taken; even-odd rule, the polygon closes itself. */
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
  const edgesAt = bandsOf(polygon, top, bottom);
  const rows: number[] = [];
  for (let row = 0; row < px.length; row++) {
    const x = px[row]!;
    const y = py[row]!;
    if (x >= left && x <= right && y >= top && y <= bottom && may[row]! > 0 && crossed(x, y, edgesAt(y))) {
      rows.push(row);
    }
  }
  return rows;
}

/** Whether a line from a place to the left crosses an odd number of edges, four numbers each. */
function crossed(x: number, y: number, edges: readonly number[]): boolean {
  let within = false;
  for (let i = 0; i < edges.length; i += 4) {
    const ay = edges[i + 1]!;
    const by = edges[i + 3]!;
    if (ay > y !== by > y && x < ((edges[i + 2]! - edges[i]!) * (y - ay)) / (by - ay) + edges[i]!) {
      within = !within;
    }
  }
  return within;
}

/** Adds a corner to the path of a lasso, unless the last one is as good. */
export function grow(path: Corner[], to: Corner): void {
  const [x, y] = path.at(-1)!;
  if (Math.hypot(to[0] - x, to[1] - y) >= STEP) {
    path.push(to);
  }
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
