/** Columns of a table: sorting, ranks, the keys of classes. Pure functions of the points; no DOM. */

import { LIVE } from './here';
import { UNKNOWN_CODE, type ExtraColumn, type Points } from './points';

export type ColumnId =
  'rank' | 'id' | 'label' | 'value' | 'stderr' | 'count' | 'converged' | `f${number}` | `x:${string}`;

export interface SortKey {
  column: ColumnId;
  descending: boolean;
}

export interface Ranks {
  /** 1 is the lowest value; 0 where the value is not known yet. */
  readonly rank: Uint32Array;
  readonly known: number;
  /** The rows from the lowest value to the highest, those without one last. */
  readonly order?: Uint32Array;
}

/** The numbers a column sorts by. */
export function sortable(points: Points, column: ColumnId): ArrayLike<number> {
  switch (column) {
    case 'rank':
    case 'value':
      return points.value;
    case 'id':
      return idOrder(points);
    case 'stderr':
      return points.stderr;
    case 'count':
      return points.count;
    case 'label':
      return points.label === null
        ? points.value
        : points.label.kind === 'class'
          ? points.label.codes
          : points.label.values;
    default:
      return (
        (LIVE && column === 'converged' ? points.converged : null) ??
        (LIVE && column.startsWith('x:') ? extraOrder(points.extra.get(column.slice(2))) : null) ??
        points.features[Number(column.slice(1))]?.values ??
        points.value
      );
  }
}

const placed = new WeakMap<object, Float32Array>();

/** What was computed of an object that does not change. */
function once(of: object, compute: () => Float32Array): Float32Array {
  let place = placed.get(of);
  if (place === undefined) {
    place = compute();
    placed.set(of, place);
  }
  return place;
}

/** Classes in the order of their list, texts as people count; what is not known comes last. */
function extraOrder(column: ExtraColumn | undefined): ArrayLike<number> | null {
  if (column === undefined) {
    return null;
  }
  const { data } = column;
  if (data.kind === 'number') {
    return data.values;
  }
  return data.kind === 'text'
    ? once(data, () => textOrder(data.texts))
    : once(data, () => Float32Array.from(data.codes, (code) => (code === UNKNOWN_CODE ? NaN : code)));
}

/** Rows in the order of the keys; equal rows keep their order, unknown numbers come last either way. */
export function sortRows(points: Points, rows: Uint32Array, keys: readonly SortKey[]): Uint32Array {
  let order: Uint32Array = rows;
  for (const key of [...keys].reverse()) {
    order = radix(order, sortable(points, key.column), key.descending);
  }
  return order;
}

const DIGIT = 11;
const BUCKETS = 1 << DIGIT;

/** Stable radix sort on the bits of 32-bit floats: at a million rows five times faster than a comparator. */
function radix(rows: Uint32Array, numbers: ArrayLike<number>, descending: boolean): Uint32Array {
  const bits = floatBits(rows, numbers, descending);
  let from: Uint32Array = new Uint32Array(rows);
  let to: Uint32Array = new Uint32Array(rows.length);
  let fromBits: Uint32Array = bits;
  let toBits: Uint32Array = new Uint32Array(rows.length);
  for (let shift = 0; shift < 32; shift += DIGIT) {
    const starts = new Uint32Array(BUCKETS + 1);
    for (let i = 0; i < fromBits.length; i++) {
      starts[((fromBits[i]! >>> shift) & (BUCKETS - 1)) + 1]! += 1;
    }
    for (let b = 0; b < BUCKETS; b++) {
      starts[b + 1]! += starts[b]!;
    }
    for (let i = 0; i < fromBits.length; i++) {
      const place = starts[(fromBits[i]! >>> shift) & (BUCKETS - 1)]!++;
      to[place] = from[i]!;
      toBits[place] = fromBits[i]!;
    }
    [from, to, fromBits, toBits] = [to, from, toBits, fromBits];
  }
  return from;
}

/** Unsigned integers in the order of the floats; NaN is the largest in both directions. */
function floatBits(rows: Uint32Array, numbers: ArrayLike<number>, descending: boolean): Uint32Array {
  const floats = new Float32Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    floats[i] = numbers[rows[i]!]! + 0; // -0 becomes 0
  }
  const bits = new Uint32Array(floats.buffer);
  for (let i = 0; i < bits.length; i++) {
    if (Number.isNaN(floats[i]!)) {
      bits[i] = 0xffffffff;
      continue;
    }
    const b = bits[i]!;
    const ascending = b & 0x80000000 ? ~b : b | 0x80000000;
    bits[i] = descending ? ~ascending : ascending;
  }
  return bits;
}

const collator = new Intl.Collator('en', { numeric: true });

function idOrder(points: Points): ArrayLike<number> {
  const { ids } = points;
  if (ids === null) {
    return allRows(points.n);
  }
  return LIVE ? once(ids, () => textOrder(ids)) : textOrder(ids);
}

/** The place of each text in their order; equal ones share it. */
function textOrder(texts: readonly string[]): Float32Array {
  const place = new Float32Array(texts.length);
  const rows =
    (LIVE ? numbered(texts) : null) ??
    allRows(texts.length).sort((a, b) => collator.compare(texts[a]!, texts[b]!));
  rows.forEach((row, i) => {
    const same = LIVE && i > 0 && texts[row] === texts[rows[i - 1]!];
    place[row] = same ? place[rows[i - 1]!]! : i;
  });
  return place;
}

/** The order of texts that are one name with numbers, as ids often are: a million of them take seconds to compare. */
function numbered(texts: readonly string[]): Uint32Array | null {
  const name = /^\D*/.exec(texts[0] ?? '')![0];
  const numbers = new Float64Array(texts.length);
  for (let i = 0; i < texts.length; i++) {
    const digits = texts[i]!.slice(name.length);
    if (!texts[i]!.startsWith(name) || !/^\d{1,15}$/.test(digits)) {
      return null;
    }
    numbers[i] = Number(digits);
  }
  return allRows(texts.length).sort((a, b) => numbers[a]! - numbers[b]!);
}

export function allRows(n: number): Uint32Array {
  const rows = new Uint32Array(n);
  for (let i = 0; i < n; i++) {
    rows[i] = i;
  }
  return rows;
}

export function ranks(points: Points): Ranks {
  const { whole } = points;
  if (whole !== null) {
    const rank = whole.ranks.map((lower, row) => (Number.isNaN(points.value[row]!) ? 0 : lower + 1));
    return { rank, known: whole.known };
  }
  const order = sortRows(points, allRows(points.n), [{ column: 'value', descending: false }]);
  const rank = new Uint32Array(points.n);
  let known = 0;
  for (const row of order) {
    if (!Number.isNaN(points.value[row]!)) {
      known += 1;
      rank[row] = known;
    }
  }
  return LIVE ? { rank, known, order } : { rank, known };
}

/** In order; letters that mean nothing else in a panel, nor in the fingers of those who walk by j and k. */
const CLASS_KEYS = '1234567890bdeimoqrswyz';

/** The keys that give each class: its own digit when every class is one, otherwise 1 to 9, 0 and letters in order. */
export function classKeys(classes: readonly string[]): string[] {
  if (classes.every((name) => /^[0-9]$/.test(name))) {
    return [...classes];
  }
  return classes.map((_, i) => CLASS_KEYS.charAt(i));
}
