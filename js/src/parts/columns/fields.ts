/** What a column holds, for filters: numbers, classes or texts of the points; for expressions marks, too. Pure. */

import { allRows, type ColumnId, type Ranks } from '../../columns';
import { idOf, type ExtraColumn, type Points } from '../../points';

export type Field =
  | { readonly kind: 'number'; readonly numbers: ArrayLike<number> }
  | { readonly kind: 'class'; readonly classes: readonly string[]; readonly codes: ArrayLike<number> }
  | { readonly kind: 'text'; readonly text: (row: number) => string }
  | { readonly kind: 'mark'; readonly holds: (row: number) => boolean };

/** A column of the table; undefined where these points have none. */
export function fieldOf(points: Points, ranks: Ranks, id: ColumnId): Field | undefined {
  const { label } = points;
  switch (id) {
    case 'rank':
      return {
        kind: 'number',
        get numbers() {
          return knownRanks(ranks); // made when somebody asks: at a million points it takes a while
        },
      };
    case 'value':
      return { kind: 'number', numbers: points.value };
    case 'stderr':
      return { kind: 'number', numbers: points.stderr };
    case 'count':
      return { kind: 'number', numbers: points.count };
    case 'converged':
      return { kind: 'class', classes: ['no', 'yes'], codes: points.converged };
    case 'id':
      return points.ids === null
        ? {
            kind: 'number',
            get numbers() {
              return points.whole?.positions ?? allRows(points.n);
            },
          }
        : { kind: 'text', text: (row) => idOf(points, row) };
    case 'label':
      return label === null
        ? undefined
        : label.kind === 'class'
          ? { kind: 'class', classes: label.classes, codes: label.codes }
          : { kind: 'number', numbers: label.values };
    default: {
      const extra = id.startsWith('x:') ? points.extra.get(id.slice(2)) : undefined;
      const feature = id.startsWith('f') ? points.features[Number(id.slice(1))] : undefined;
      return extra !== undefined ? extraField(extra) : feature && { kind: 'number', numbers: feature.values };
    }
  }
}

function extraField({ data }: ExtraColumn): Field {
  return data.kind === 'number'
    ? { kind: 'number', numbers: data.values }
    : data.kind === 'class'
      ? { kind: 'class', classes: data.classes, codes: data.codes }
      : { kind: 'text', text: (row) => data.texts[row] ?? '' };
}

const ranked = new WeakMap<Ranks, Float32Array>();

/** Rank 0 says that the value is not known. */
function knownRanks(ranks: Ranks): Float32Array {
  let known = ranked.get(ranks);
  if (known === undefined) {
    known = new Float32Array(ranks.rank);
    for (let row = 0; row < known.length; row++) {
      known[row] = known[row] === 0 ? NaN : known[row]!;
    }
    ranked.set(ranks, known);
  }
  return known;
}
