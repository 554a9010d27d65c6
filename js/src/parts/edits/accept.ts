/** Which suggestions can be taken. Pure. */

import { disagrees, isRelabelled, suggestionOf, type Points } from '../../points';

export interface Taken {
  readonly rows: readonly number[];
  /** The class for each of the rows. */
  readonly codes: readonly number[];
}

/** The suggestions for some points, whatever was done to them, where they differ from the label. */
export function suggestedFor(points: Points, rows: readonly number[]): Taken {
  const taken = rows.filter((row) => disagrees(points, row) && suggestionOf(points, row)!.code >= 0);
  return { rows: taken, codes: taken.map((row) => suggestionOf(points, row)!.code) };
}

/**
 * The suggestions that are at least so sure, of all points or of the selected ones. A label that a person gave is not
 * overruled, and a dropped point needs none; a suggestion of unknown certainty counts as 0.
 */
export function suggestedAbove(points: Points, sure: number, selected: ReadonlySet<number>): Taken {
  const rows: number[] = [];
  const codes: number[] = [];
  const look = (row: number): void => {
    if (points.dropped[row] === 1 || isRelabelled(points, row) || !disagrees(points, row)) {
      return;
    }
    const { code, probability } = suggestionOf(points, row)!;
    if (code >= 0 && (probability || 0) >= sure) {
      rows.push(row);
      codes.push(code);
    }
  };
  if (selected.size > 0) {
    [...selected].sort((a, b) => a - b).forEach(look);
  } else {
    for (let row = 0; row < points.n; row++) {
      look(row);
    }
  }
  return { rows, codes };
}
