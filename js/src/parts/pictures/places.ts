/** Where a map draws each point, and in which colours. Pure. */

import { sortable, type ColumnId } from '../../columns';
import { extent } from '../../histogram';
import { valueName, type Points } from '../../points';
import { FEATURE } from '../columns/fetching';
import { hex, levelOf, NEUTRAL, type Ink, type Rgb } from './ink';
import type { Look } from './look';
import type { Frame, Mark } from './plot';
import { WORDS } from './words';

/** What Python says: coordinates of all points. */
export interface Coordinates {
  readonly name: string;
  readonly axes: readonly [string, string];
  readonly words: string;
  readonly x: Float32Array;
  readonly y: Float32Array;
}

export interface Choice {
  readonly id: ColumnId;
  readonly name: string;
}

const LATER = `x:${FEATURE}` as const;

/** Its name, where a column is one that is not here. */
export function absent(points: Points, id: ColumnId): string | null {
  return id.startsWith(LATER) && !points.extra.has(id.slice(2)) ? id.slice(LATER.length) : null;
}

/** Columns that hold numbers. `offered`: names of features that can be asked for. */
export function choices(points: Points, offered: readonly string[]): Choice[] {
  const { label, features, extra } = points;
  return [
    { id: 'value', name: valueName(points) },
    { id: 'stderr', name: WORDS.stderr },
    { id: 'count', name: WORDS.updates },
    ...(label?.kind === 'number' ? [{ id: 'label' as const, name: WORDS.label }] : []),
    ...features.map(({ name }, i) => ({ id: `f${i}` as const, name })),
    ...[...extra.values()]
      .filter(({ data }) => data.kind === 'number')
      .map(({ id, name }) => ({ id: `x:${id}` as const, name })),
    ...offered
      .map((name) => ({ id: `${LATER}${name}` as const, name }))
      .filter(({ id }) => !points.extra.has(id.slice(2))),
  ];
}

export interface Ends {
  readonly lo: number;
  readonly hi: number;
}

/** From the lowest to the highest, with some room. */
export function endsOf(numbers: ArrayLike<number>): Ends | null {
  const found = extent(numbers);
  if (found === null) {
    return null;
  }
  const room = 0.04 * (found[1] - found[0]) || 0.5;
  return { lo: found[0] - room, hi: found[1] + room };
}

export function numbersOf(points: Points, id: ColumnId): ArrayLike<number> {
  return absent(points, id) === null ? sortable(points, id) : [];
}

export interface Places {
  readonly px: Float32Array;
  readonly py: Float32Array;
  /** How many are drawn. */
  readonly drawn: number;
}

export function placesOf(x: ArrayLike<number>, y: ArrayLike<number>, n: number, frame: Frame): Places {
  const px = new Float32Array(n).fill(NaN);
  const py = new Float32Array(n).fill(NaN);
  let drawn = 0;
  for (let row = 0; row < n; row++) {
    const at = frame.x(x[row]!);
    const up = frame.y(y[row]!);
    if (at - at === 0 && up - up === 0) {
      px[row] = at;
      py[row] = up;
      drawn += 1;
    }
  }
  return { px, py, drawn };
}

/** Diameter in pixels. */
export function sizeFor(drawn: number, large: boolean): number {
  const size = drawn <= 300 ? 5 : drawn <= 3000 ? 4 : drawn <= 20_000 ? 3 : 2;
  return large ? size * 1.5 : size;
}

/** Faint ones at the back, selected ones in front. */
function layerOf({ shown, selected }: Look, row: number): number {
  return selected[row] === 1 ? 2 : shown[row]!;
}

export function dots(look: Look, places: Places, ink: Ink): Mark[] {
  const { points } = look.sight;
  const size = sizeFor(places.drawn, look.large);
  const paths = Array.from({ length: 3 }, () => Array.from({ length: NEUTRAL + 1 }, () => [] as string[]));
  for (let row = 0; row < points.n; row++) {
    if (places.px[row]! >= 0) {
      const level = levelOf(points.value[row]!, points.status.threshold, look.reach);
      const dot = `M${places.px[row]!.toFixed(1)} ${places.py[row]!.toFixed(1)}h.01`;
      paths[layerOf(look, row)]![level]!.push(dot);
    }
  }
  const marks = paths.map((levels, layer) =>
    levels.map((level, i) => ({
      d: level.join(''),
      stroke: hex(ink.levels[i]!),
      width: layer === 2 ? size + 1 : size,
      alpha: layer === 0 ? 0.2 : 0.9,
    }))
  );
  const rings = paths[2]!.flat().join('');
  return [
    ...marks[0]!,
    ...marks[1]!,
    { d: rings, stroke: hex(ink.accent), width: size + 5 },
    { d: rings, stroke: hex(ink.bg), width: size + 2.5 },
    ...marks[2]!,
  ].filter(({ d }) => d !== '');
}

/** The same as pixels, for very many points. */
export function spots(
  look: Look,
  places: Places,
  ink: Ink,
  pixels: Uint32Array,
  width: number,
  height: number,
  scale: number
): void {
  const { points } = look.sight;
  const { px, py, drawn } = places;
  const levels = ink.levels.map(pixel);
  const faint = ink.levels.map(([r, g, b]) =>
    pixel([r, g, b].map((x, i) => x * 0.22 + ink.bg[i]! * 0.78) as unknown as Rgb)
  );
  const accent = pixel(ink.accent);
  const side = Math.max(1, Math.round((sizeFor(drawn, look.large) - 0.5) * scale));
  const { value, status, n } = points;
  const { order } = look.sight.derived;
  for (let layer = order.length < n ? 0 : 1; layer < (look.sight.state.selected.size > 0 ? 3 : 2); layer++) {
    for (let row = 0; row < n; row++) {
      if (layerOf(look, row) !== layer || !(px[row]! >= 0)) {
        continue;
      }
      const level = levelOf(value[row]!, status.threshold, look.reach);
      const colour = layer === 2 ? accent : layer === 1 ? levels[level]! : faint[level]!;
      const left = Math.max(0, (px[row]! * scale - side / 2 + 0.5) | 0);
      const top = Math.max(0, (py[row]! * scale - side / 2 + 0.5) | 0);
      const right = Math.min(width, left + side);
      const bottom = Math.min(height, top + side);
      for (let j = top; j < bottom; j++) {
        for (let i = left; i < right; i++) {
          pixels[j * width + i] = colour; // fill() of a few costs more than it saves
        }
      }
    }
  }
}

/** As a number whose bytes are red, green, blue, opaque: every browser's machine is little-endian. */
function pixel([r, g, b]: Rgb): number {
  return ((255 << 24) | (Math.round(b) << 16) | (Math.round(g) << 8) | Math.round(r)) >>> 0;
}
