/** What a name stands for in filters: numbers, classes, texts or marks of the points. Pure. */

import { allRows, type ColumnId, type Ranks } from '../../columns';
import {
  disagrees,
  idOf,
  isEdited,
  isFlagged,
  isRelabelled,
  valueName,
  type ExtraColumn,
  type Points,
} from '../../points';
import { FEATURE } from './fetching';

export type Field =
  | { readonly kind: 'number'; readonly numbers: ArrayLike<number> }
  | { readonly kind: 'class'; readonly classes: readonly string[]; readonly codes: ArrayLike<number> }
  | { readonly kind: 'text'; readonly text: (row: number) => string }
  | { readonly kind: 'mark'; readonly holds: (row: number) => boolean };

/** What expressions may name. */
export interface Scope {
  readonly n: number;
  /** In the order in which they are offered. */
  readonly names: readonly string[];
  find(name: string): Field | undefined;
  /** Features that came when they were asked for. */
  readonly fetched: ReadonlySet<string>;
}

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

/** What a feature is called that has the name of something else. */
export const featureName = (name: string): string => `feature ${name}`;

/** Everything that an expression may name, the columns of the table first. */
export function scopeOf(points: Points, ranks: Ranks, selected: ReadonlySet<number>): Scope {
  const found = new Map<string, Field>();
  const add = (name: string, field: Field | undefined): void => {
    if (field !== undefined && !found.has(name)) {
      found.set(name, field);
    }
  };
  const free = (name: string): string => (found.has(name) ? featureName(name) : name);
  const column = (name: string, id: ColumnId): void => add(name, fieldOf(points, ranks, id));
  column('value', 'value');
  column(valueName(points), 'value');
  column(points.label?.kind === 'number' ? 'target' : 'label', 'label');
  const fetched: ExtraColumn[] = [];
  for (const extra of points.extra.values()) {
    if (extra.id.startsWith(FEATURE)) {
      fetched.push(extra);
    } else if (extra.id !== 'flagged') {
      add(extra.name, extraField(extra));
    }
    if (extra.data.kind === 'class' && extra.data.probability !== null) {
      // eslint-disable-next-line no-restricted-syntax -- a name of the language of expressions
      add(extra.id === 'suggested' ? 'probability' : `probability of ${extra.name}`, {
        kind: 'number',
        numbers: extra.data.probability,
      });
    }
  }
  const estimated = points.value_name === undefined; // an influence is exact
  if (estimated) {
    column('se', 'stderr');
    column('updates', 'count');
  }
  column('rank', 'rank');
  column('id', 'id');
  const mark = (name: string, holds: (row: number) => boolean): void => add(name, { kind: 'mark', holds });
  if (estimated) {
    mark('converged', (row) => points.converged[row] === 1);
  }
  if (points.extra.has('suggested')) {
    mark('disagrees', (row) => disagrees(points, row));
  }
  mark('edited', (row) => isEdited(points, row));
  mark('relabelled', (row) => isRelabelled(points, row));
  mark('dropped', (row) => points.dropped[row] === 1);
  mark('flagged', (row) => isFlagged(points, row));
  mark('selected', (row) => selected.has(row));
  const { label } = points;
  if (label !== null) {
    add(
      'original',
      label.kind === 'class'
        ? { kind: 'class', classes: label.classes, codes: label.original }
        : { kind: 'number', numbers: label.original }
    );
  }

  points.features.forEach((feature, i) => column(free(feature.name), `f${i}`));
  fetched.forEach((extra) => add(free(extra.name), extraField(extra)));
  const here = new Set(fetched.map(({ name }) => name));
  return { n: points.n, names: [...found.keys()], find: (name) => found.get(name), fetched: here };
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
