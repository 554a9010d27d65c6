/** Which rows pass the filters. Pure functions of the points; no DOM. */

import { allRows, type Ranks } from './columns';
import { LIVE } from './here';
import { disagrees, idOf, isFlagged, isRelabelled, type Points } from './points';
import { Say } from './words';

export type Preset = 'lowest' | 'unconverged' | 'edited' | 'dropped' | 'selected' | 'disagrees' | 'flagged';

export interface Filters {
  readonly presets: ReadonlySet<Preset>;
  /** Values from..to, ends included. */
  readonly value: readonly [number, number] | null;
  /** Code of a class. */
  readonly label: number | null;
  /** Part of an id or of a label. */
  readonly text: string;
  /** What only a live panel can filter by. */
  readonly more?: MoreFilters;
}

/** Plain JSON; see parts/filters/model.ts for what reads and changes them. */
export interface MoreFilters {
  /** Numbers from..to, ends included, by the id of a column (columns.ts). */
  readonly ranges: Readonly<Record<string, readonly [number, number]>>;
  /** Names of classes, by the id of a column. */
  readonly classes: Readonly<Record<string, readonly string[]>>;
  /** See parts/expression; empty for none. */
  readonly expression: string;
}

/** The choice that filters no label. */
export const NO_LABEL = Say.allLabels;

export const LOWEST_SHARE = 0.05;

/** How many points count as the lowest: 5 % of those with a known value, at least one. */
export function lowestCount(ranks: Ranks): number {
  return Math.ceil(LOWEST_SHARE * ranks.known);
}

/** Rows that pass every filter, in the order of the data. */
export function filterRows(
  points: Points,
  filters: Filters,
  ranks: Ranks,
  selected: ReadonlySet<number>,
  more?: MoreTests
): Uint32Array {
  const tests = rowTests(points, filters, ranks, selected, more);
  let rows = allRows(points.n);
  for (const test of tests) {
    let k = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (test(row)) {
        rows[k++] = row; // at or before i: what is still to be read stays
      }
    }
    rows = rows.subarray(0, k);
  }
  return tests.length === 0 ? rows : rows.slice();
}

export type Test = (row: number) => boolean;

/** Tests `Filters.more`: parts/filters/more.ts, which only the bundle of the live panel holds. */
export type MoreTests = (
  points: Points,
  more: MoreFilters,
  ranks: Ranks,
  selected: ReadonlySet<number>
) => Test[];

/** The quick tests first: the slow ones see fewer rows then. */
function rowTests(
  points: Points,
  filters: Filters,
  ranks: Ranks,
  selected: ReadonlySet<number>,
  more?: MoreTests
): Test[] {
  const tests: Test[] = [...filters.presets].map((preset) => presetTest(points, preset, ranks, selected));
  if (filters.value !== null) {
    const [lo, hi] = filters.value;
    const { value } = points;
    tests.push((row) => value[row]! >= lo && value[row]! <= hi);
  }
  const { label } = points;
  if (filters.label !== null && label?.kind === 'class') {
    tests.push((row) => label.codes[row] === filters.label);
  }
  if (LIVE && filters.more !== undefined) {
    tests.push(...(more?.(points, filters.more, ranks, selected) ?? []));
  }
  const text = filters.text.trim().toLowerCase();
  if (text !== '') {
    const classes = new Set(
      label?.kind === 'class'
        ? label.classes.flatMap((c, i) => (c.toLowerCase().includes(text) ? [i] : []))
        : []
    );
    tests.push(
      (row) =>
        (label?.kind === 'class' && classes.has(label.codes[row]!)) ||
        idOf(points, row).toLowerCase().includes(text)
    );
  }
  return tests;
}

function presetTest(points: Points, preset: Preset, ranks: Ranks, selected: ReadonlySet<number>): Test {
  if (LIVE && (preset === 'disagrees' || preset === 'flagged')) {
    const test = preset === 'flagged' ? isFlagged : disagrees;
    return (row) => test(points, row);
  }
  switch (preset) {
    case 'lowest': {
      const last = lowestCount(ranks);
      return (row) => ranks.rank[row]! > 0 && ranks.rank[row]! <= last;
    }
    case 'unconverged':
      return (row) => points.converged[row] === 0;
    case 'edited':
      return (row) => isRelabelled(points, row);
    case 'dropped':
      return (row) => points.dropped[row] === 1;
    default:
      return (row) => selected.has(row);
  }
}

/** How many points each preset would show, and of how many. */
export type Counts = Record<Preset | 'all', number>;

export function presetCounts(points: Points, ranks: Ranks, selected: ReadonlySet<number>): Counts {
  const counts = {
    all: points.n,
    lowest: lowestCount(ranks),
    unconverged: 0,
    edited: 0,
    dropped: 0,
    selected: selected.size,
    disagrees: 0,
    flagged: 0,
  };
  const more = LIVE && points.extra.size > 0;
  for (let row = 0; row < points.n; row++) {
    counts.unconverged += points.converged[row] === 0 ? 1 : 0;
    counts.dropped += points.dropped[row] === 1 ? 1 : 0;
    counts.edited += isRelabelled(points, row) ? 1 : 0;
    if (LIVE && more) {
      counts.disagrees += disagrees(points, row) ? 1 : 0;
      counts.flagged += isFlagged(points, row) ? 1 : 0;
    }
  }
  return counts;
}
