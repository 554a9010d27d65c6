/** What an expression may name, and what each name stands for. Pure. */

import type { ColumnId, Ranks } from '../../columns';
import {
  disagrees,
  isEdited,
  isFlagged,
  isRelabelled,
  valueName,
  type ExtraColumn,
  type Points,
} from '../../points';
import { FEATURE } from '../columns/fetching';
import { fieldOf, type Field } from '../columns/fields';

/** What expressions may name. */
export interface Scope {
  readonly n: number;
  /** In the order in which they are offered. */
  readonly names: readonly string[];
  find(name: string): Field | undefined;
  /** Features that came when they were asked for. */
  readonly fetched: ReadonlySet<string>;
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
      column(extra.name, `x:${extra.id}`);
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
  fetched.forEach((extra) => column(free(extra.name), `x:${extra.id}`));
  const here = new Set(fetched.map(({ name }) => name));
  return { n: points.n, names: [...found.keys()], find: (name) => found.get(name), fetched: here };
}
