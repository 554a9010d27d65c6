/** Which rows pass the filters. Pure functions of the points; no DOM. */

import { allRows, type Ranks } from './columns';
import { idOf, isRelabelled, type Points } from './points';

export type Preset = 'lowest' | 'unconverged' | 'edited' | 'dropped' | 'selected';

export interface Filters {
  readonly presets: ReadonlySet<Preset>;
  /** Values from..to, ends included. */
  readonly value: readonly [number, number] | null;
  /** Code of a class. */
  readonly label: number | null;
  /** Part of an id or of a label. */
  readonly text: string;
}

/** The choice that filters no label. */
export const NO_LABEL = 'all labels';

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
  selected: ReadonlySet<number>
): Uint32Array {
  const tests = rowTests(points, filters, ranks, selected);
  if (tests.length === 0) {
    return allRows(points.n);
  }
  const rows = new Uint32Array(points.n);
  let k = 0;
  for (let row = 0; row < points.n; row++) {
    if (tests.every((test) => test(row))) {
      rows[k++] = row;
    }
  }
  return rows.slice(0, k);
}

type Test = (row: number) => boolean;

function rowTests(points: Points, filters: Filters, ranks: Ranks, selected: ReadonlySet<number>): Test[] {
  const tests: Test[] = [...filters.presets].map((preset) => presetTest(points, preset, ranks, selected));
  if (filters.value !== null) {
    const [lo, hi] = filters.value;
    tests.push((row) => points.value[row]! >= lo && points.value[row]! <= hi);
  }
  const { label } = points;
  if (filters.label !== null && label?.kind === 'class') {
    tests.push((row) => label.codes[row] === filters.label);
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
        idOf(points, row).toLowerCase().includes(text) ||
        (label?.kind === 'class' && classes.has(label.codes[row]!))
    );
  }
  return tests;
}

function presetTest(points: Points, preset: Preset, ranks: Ranks, selected: ReadonlySet<number>): Test {
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
    case 'selected':
      return (row) => selected.has(row);
  }
}

/** How many points each preset would show. */
export function presetCounts(
  points: Points,
  ranks: Ranks,
  selected: ReadonlySet<number>
): Record<Preset, number> {
  const counts = {
    lowest: lowestCount(ranks),
    unconverged: 0,
    edited: 0,
    dropped: 0,
    selected: selected.size,
  };
  for (let row = 0; row < points.n; row++) {
    counts.unconverged += points.converged[row] === 0 ? 1 : 0;
    counts.dropped += points.dropped[row] === 1 ? 1 : 0;
    counts.edited += isRelabelled(points, row) ? 1 : 0;
  }
  return counts;
}
