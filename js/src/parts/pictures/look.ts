/** What every picture draws from, computed once for all of them. */

import { rowsByRank } from './curve';
import { reachOf } from './ink';
import type { Sight } from '../part';

export interface Look {
  readonly sight: Sight;
  /** One entry a point: passes the filters; is selected. */
  readonly shown: Uint8Array;
  readonly selected: Uint8Array;
  /** Rows from the lowest value to the highest. */
  readonly rows: Uint32Array;
  readonly reach: number;
  readonly large: boolean;
}

export interface Deeds {
  focus(row: number): void;
  toggle(row: number): void;
  /** `add`: to those that are selected. */
  select(rows: readonly number[], add: boolean): void;
  describe(row: number): string;
  /** Names of features that hold numbers and are not here. */
  offered(): readonly string[];
  want(feature: string): void;
}

/** Remembers what is costly until what it was made of changes. */
export function createLooks() {
  let before: Look | null = null;
  return (sight: Sight, large: boolean): Look => {
    const { points, state, derived } = sight;
    const was = before?.sight;
    const same = before !== null && was!.points === points;
    const ranked = same && was!.derived.ranks === derived.ranks;
    const rows = ranked ? before!.rows : rowsByRank(derived.ranks);
    before = {
      sight,
      large,
      rows,
      reach: ranked ? before!.reach : reachOf(rows, points.value, points.status.threshold),
      shown: same
        ? shownNow(derived.order, was!.derived.order, before!.shown)
        : mask(derived.order, points.n),
      selected:
        same && was!.state.selected === state.selected ? before!.selected : mask(state.selected, points.n),
    };
    return before;
  };
}

/** The same mask as before where another order shows the same points: a sort draws nothing anew. */
function shownNow(order: Uint32Array, was: Uint32Array, before: Uint8Array): Uint8Array {
  const n = before.length;
  if (order === was || (order.length === n && was.length === n)) {
    return before;
  }
  const now = mask(order, n);
  return order.length === was.length && now.every((flag, row) => flag === before[row]) ? before : now;
}

function mask(rows: Uint32Array | ReadonlySet<number>, n: number): Uint8Array {
  const found = new Uint8Array(n);
  if (rows instanceof Uint32Array) {
    for (let i = 0; i < rows.length; i++) {
      found[rows[i]!] = 1;
    }
  } else {
    rows.forEach((row) => (found[row] = 1));
  }
  return found;
}

/** Whether anything in a list is another than the last time. */
export function createWatch() {
  let before: readonly unknown[] = [];
  return (...now: readonly unknown[]): boolean => {
    const changed = now.length !== before.length || now.some((item, i) => !Object.is(item, before[i]));
    before = now;
    return changed;
  };
}

/** What is drawn depends on; a picture adds its own. */
export function partsOf({ shown, selected, rows, sight, large }: Look): unknown[] {
  return [shown, selected, rows, sight.points, sight.points.status.threshold, large, window.devicePixelRatio];
}
