/** Which columns the table shows at a width, and what their headers say. Pure. */

import type { ColumnId } from './columns';
import { extent } from './histogram';
import { count, within } from './format';
import { LIVE } from './here';
import { sizeOf, valueName, type Points } from './points';
import { featureTip, labelTip, Say, stderrTip, updatesTip, valueTip } from './words';

export type Room = 'wide' | 'medium' | 'narrow';

const MEDIUM_BELOW = 900;
const NARROW_BELOW = 560;

export function roomFor(width: number): Room {
  return width < NARROW_BELOW ? 'narrow' : width < MEDIUM_BELOW ? 'medium' : 'wide';
}

export type CellKind =
  | 'select'
  | 'rank'
  | 'image'
  | 'text'
  | 'id'
  | 'label'
  | 'value'
  | 'stderr'
  | 'count'
  | 'feature'
  | 'converged'
  | 'extra';

export interface Column {
  readonly kind: CellKind;
  /** What a click on the header sorts by; null when it cannot. */
  readonly sort: ColumnId | null;
  readonly name: string;
  /** What the number is, its unit, where it comes from. */
  readonly tip: string;
  /** A track of the CSS grid. */
  readonly track: string;
  readonly numeric: boolean;
  readonly feature: number;
  /** Decimals of a feature's numbers: one for the column, so that they stand below each other. */
  readonly decimals: number;
  /** Pixels from the left where a pinned column stays. */
  readonly left?: number;
}

export function column(
  kind: CellKind,
  sort: ColumnId | null,
  name: string,
  tip: string,
  track: string,
  numeric = false,
  feature = -1,
  decimals = 0
): Column {
  return { kind, sort, name, tip, track, numeric, feature, decimals };
}

/**
 * `width`: what the table has, in pixels; the count of updates, which the point column shows too, gives way first.
 * `live`: false leaves out errors and updates where no value has an error: they are exact, or nothing is known.
 */
export function columnsFor(points: Points, room: Room, width = Infinity, live = true): Column[] {
  const { preview, label, status } = points;
  const unit = status.unit_of_value;
  const narrow = room === 'narrow';
  const roomy = Math.round(within(150, width * 0.29, 270)); // the bars come before the features
  const shown: Column[] = [];
  if (!narrow) {
    shown.push(
      column('select', null, '', Say.selectTip, '34px'),
      column('rank', 'rank', '#', Say.rankTip, `${28 + count(sizeOf(points)).length * 8}px`, true)
    );
  }
  if (preview.kind === 'image') {
    shown.push(column('image', null, Say.image, Say.itself, '54px'));
  } else if (preview.kind === 'text') {
    shown.push(
      column('text', null, Say.text, Say.itself, narrow ? 'minmax(110px, 2fr)' : 'minmax(190px, 2fr)')
    );
  } else {
    const [name, tip] = points.ids === null ? [Say.pointName, Say.positionTip] : [Say.id, Say.idTip];
    shown.push(column('id', 'id', name, tip, `minmax(${idWidth(points)}px, .4fr)`));
  }
  if (label !== null) {
    const name = label.kind === 'class' ? Say.label : Say.target;
    const least =
      label.kind !== 'class' ? (narrow ? 108 : 132) : labelWidth(label.classes, narrow ? 72 : 104);
    shown.push(column('label', 'label', name, labelTip(name), `minmax(${least}px, .5fr)`));
  }
  shown.push(
    column(
      'value',
      'value',
      valueName(points),
      valueTip(points.method, unit),
      narrow ? 'minmax(120px, 1.6fr)' : `minmax(${roomy}px, 2fr)`
    )
  );
  if (!narrow) {
    const told = live || points.stderr.some((se) => se > 0);
    if (told) {
      shown.push(column('stderr', 'stderr', Say.stderr, stderrTip(unit), '74px', true));
    }
    const updates = column(
      'count',
      'count',
      Say.updates,
      // eslint-disable-next-line no-restricted-syntax -- a unit of the format
      updatesTip(status.unit === 'test points'),
      '76px',
      true
    );
    if (told && tableWidth([...shown, updates]) <= width) {
      shown.push(updates);
    }
    points.features.forEach((feature, i) =>
      shown.push(
        column(
          'feature',
          `f${i}`,
          feature.name,
          featureTip(feature.name),
          numberWidth(feature.name, feature.values),
          true,
          i,
          decimalsOf(feature.values)
        )
      )
    );
  }
  return shown;
}

/** Of a column of numbers: room for its name, within limits, and for powers of ten where they are written so. */
export function numberWidth(name: string, numbers: Float32Array): string {
  return `${within(decimalsOf(numbers) > 6 ? 90 : 76, 26 + name.length * 7, 150)}px`;
}

/** Room for "old → new" with short names, for one name when they are long. */
export function labelWidth(classes: readonly string[], least = 104): number {
  const longest = Math.max(1, ...classes.slice(0, 200).map((name) => name.length)) * 7.5;
  return Math.round(within(least, 1.9 * longest + 50, 190));
}

/** The least width of the whole table, in pixels: the sum of the columns' least widths. */
export function tableWidth(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => sum + Number(/\d+/.exec(column.track)?.[0] ?? 0), 12);
}

/** Room for the longest of a few hundred ids. */
export function idWidth(points: Points): number {
  const step = Math.max(1, Math.floor(points.n / 300));
  let longest = points.ids === null ? String(sizeOf(points)).length : 2;
  for (let row = 0; row < (points.ids?.length ?? 0); row += step) {
    longest = Math.max(longest, points.ids![row]!.length);
  }
  return within(58, 18 + longest * 8, 180);
}

/**
 * Whole numbers need none; otherwise three digits of the range. Judged by a few thousand rows.
 *
 * Infinity where a quarter of them would have less than two digits left: then each number has its own.
 */
export function decimalsOf(numbers: Float32Array): number {
  const known = LIVE ? decimals.get(numbers) : undefined;
  if (LIVE && known !== undefined) {
    return known;
  }
  const found = judged(numbers);
  if (LIVE) {
    decimals.set(numbers, found);
  }
  return found;
}

/** Asked for the columns that there are and those that are shown, at each width; the numbers of a column stay. */
const decimals = new WeakMap<Float32Array, number>();

function judged(numbers: Float32Array): number {
  const step = Math.ceil(numbers.length / 2000);
  const some = numbers.filter((_, row) => row % step === 0);
  const range = extent(some);
  if (range === null || some.every((x) => Number.isNaN(x) || Number.isInteger(x))) {
    return 0;
  }
  const span = range[1] - range[0] || Math.abs(range[0]) || 1;
  const decimals = within(0, 2 - Math.floor(Math.log10(span)), 6);
  const sizes = some.filter(Boolean).map(Math.abs).sort();
  return sizes[sizes.length >> 2]! * 10 ** decimals < 10 ? Infinity : decimals;
}
