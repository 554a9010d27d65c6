/** What the views show, computed from the points and this view's state. Pure; keeps what has not changed. */

import { ranks, sortRows, type Ranks, type SortKey } from './columns';
import { extent, histogram, type Histogram } from './histogram';
import { filterRows, presetCounts, type Counts, type MoreTests } from './filters';
import { decimalsFor } from './format';
import { LIVE } from './here';
import { valuesBefore, type Points } from './points';
import type { UiState } from './state';

export interface Scale {
  /** Ends of the value axis, 0 and the threshold included. */
  readonly lo: number;
  readonly hi: number;
  /** Decimals that most rows show: the column is padded to them. */
  readonly decimals: number;
}

export interface Derived {
  readonly ranks: Ranks;
  readonly order: Uint32Array;
  /** Every row in the present order, where that is known: a filter takes its rows from it. */
  readonly all?: Uint32Array | undefined;
  readonly histogram: Histogram | null;
  readonly counts: Counts;
  readonly scale: Scale;
}

const BINS = 44;
/** How far whiskers may widen the value axis beyond the values, as a share of their range. */
const ROOM = 0.15;

/** `held`: the former order, kept while somebody works in the table (as long as the filters let it). */
export function derive(
  points: Points,
  state: UiState,
  before: Derived | null,
  hold: boolean,
  more?: MoreTests
): Derived {
  const rank = ranks(points);
  const rows = filterRows(points, state.filters, rank, state.selected, more);
  const held = LIVE && hold && before !== null && sameRows(before.order, rows);
  const all = LIVE && !held && isByValue(state.sort) ? rank.order : undefined;
  const order = held
    ? before.order
    : LIVE && all !== undefined
      ? taken(all, rows)
      : sortRows(points, rows, state.sort);
  return {
    ranks: rank,
    order,
    ...(LIVE ? { all: all ?? (order.length === points.n ? order : undefined) } : {}),
    histogram:
      points.whole?.histogram ??
      histogram(points.value, BINS, points.status.threshold, LIVE ? valuesBefore(points) : null),
    counts: presetCounts(points, rank, state.selected),
    scale: scaleOf(points),
  };
}

/** After a change of this view's state only: ranks, histogram and scale stay, and the order unless it is asked for. */
export function rederive(
  points: Points,
  state: UiState,
  before: UiState,
  derived: Derived,
  more?: MoreTests
): Derived {
  const selected = state.selected !== before.selected;
  const reorder =
    state.sort !== before.sort || state.filters !== before.filters || (selected && asksSelected(state));
  if (!reorder && !selected) {
    return derived;
  }
  const rows = (): Uint32Array => filterRows(points, state.filters, derived.ranks, state.selected, more);
  const all = LIVE && state.sort === before.sort ? derived.all : undefined;
  const order = !reorder
    ? derived.order
    : LIVE && all !== undefined
      ? taken(all, rows())
      : sortRows(points, rows(), state.sort);
  return {
    ...derived,
    order,
    ...(LIVE && reorder ? { all: order.length === points.n ? order : all } : {}),
    counts: { ...derived.counts, selected: state.selected.size },
  };
}

function isByValue(sort: readonly SortKey[]): boolean {
  return sort.length === 1 && sort[0]!.column === 'value' && !sort[0]!.descending;
}

/** Some rows in the order of all: at a million rows ten times faster than sorting them again. */
function taken(all: Uint32Array, rows: Uint32Array): Uint32Array {
  if (rows.length === all.length) {
    return all;
  }
  const passes = new Uint8Array(all.length);
  for (let i = 0; i < rows.length; i++) {
    passes[rows[i]!] = 1;
  }
  let k = 0;
  for (let i = 0; i < all.length && k < rows.length; i++) {
    const row = all[i]!;
    if (passes[row] === 1) {
      rows[k++] = row; // they are marked: their own list can be written over
    }
  }
  return rows;
}

function asksSelected({ filters }: UiState): boolean {
  return filters.presets.has('selected') || (LIVE && filters.more?.expression.includes('selected') === true);
}

function sameRows(order: Uint32Array, rows: Uint32Array): boolean {
  if (order.length !== rows.length) {
    return false;
  }
  const there = new Uint8Array((rows.at(-1) ?? -1) + 1); // they ascend
  rows.forEach((row) => (there[row] = 1));
  return order.every((row) => there[row] === 1);
}

function scaleOf(points: Points): Scale {
  const [lo, hi] = extent(points.value) ?? [0, 1];
  const zero = points.status.threshold ?? 0;
  const room = ROOM * (hi - lo);
  let [from, to] = [Math.min(lo, zero), Math.max(hi, zero)];
  for (let row = 0; row < points.n; row++) {
    const x = points.value[row]!;
    const se = points.stderr[row]!;
    from = x - se < from ? x - se : from;
    to = x + se > to ? x + se : to;
  }
  return {
    lo: Math.max(from, Math.min(lo - room, zero)),
    hi: Math.min(to, Math.max(hi + room, zero)),
    decimals: usualDecimals(points),
  };
}

/** The most decimals among a thousand rows spread over the data, ignoring the most exact twentieth. */
function usualDecimals(points: Points): number {
  const step = Math.max(1, Math.floor(points.n / 1000));
  const found: number[] = [];
  for (let row = 0; row < points.n; row += step) {
    const decimals = decimalsFor(points.stderr[row]!);
    if (decimals !== null) {
      found.push(Math.max(0, decimals));
    }
  }
  found.sort((a, b) => a - b);
  return Math.min(6, found[Math.floor(found.length * 0.95)] ?? 0);
}
