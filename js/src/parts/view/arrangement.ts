/** Order and columns of a view as plain JSON, for Python to keep: a page that is loaded again begins with them. Pure. */

import type { ColumnId, SortKey } from '../../columns';
import { each, list, record, show, texts, WireError, type Json } from '../../read';
import type { Arrangement, UiState } from '../../state';

export type Kept = Pick<UiState, 'sort' | 'columns' | 'gallery'>;

const IDS = /^(rank|id|label|value|stderr|count|converged|f\d+|x:.+)$/;

export function toJson({ sort, columns, gallery }: Kept): Json {
  return {
    sort: sort.map(({ column, descending }) => [column, descending]),
    columns: columns ?? null,
    gallery,
  };
}

/** Reads what `toJson` wrote. Throws WireError. */
export function fromJson(given: unknown): Kept {
  const json = record(given, 'The arrangement');
  return {
    sort: list(json, 'sort').map(key),
    gallery: json.gallery === true,
    ...(json.columns !== null && { columns: arrangement(record(json.columns, 'columns')) }),
  };
}

function key(item: unknown): SortKey {
  const [column, descending] = Array.isArray(item) ? (item as unknown[]) : [];
  if (typeof column !== 'string' || !IDS.test(column) || typeof descending !== 'boolean') {
    throw new WireError(`The table cannot be sorted by ${show(item)}.`);
  }
  return { column: column as ColumnId, descending };
}

function arrangement(json: Json): Arrangement {
  return {
    order: texts(json, 'order'),
    shown: each(json, 'shown', (all, name) => all[name] === true),
    width: each(json, 'width', width),
    pinned: texts(json, 'pinned'),
  };
}

function width(all: Json, name: string): number {
  const found = all[name];
  if (typeof found !== 'number' || !(found > 0)) {
    throw new WireError(`A column ${show(name)} cannot be ${show(found)} wide.`);
  }
  return found;
}
