/** Order and columns of a view as plain JSON, for Python to keep: a page that is loaded again begins with them. Pure. */

import type { ColumnId, SortKey } from '../../columns';
import { list, record, show, texts, WireError, words, type Json } from '../../read';
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
  const columns = json.columns === null ? null : arrangement(record(json.columns, 'columns'));
  return {
    sort: list(json, 'sort').map(key),
    gallery: json.gallery === true,
    ...(columns === null ? {} : { columns }),
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
    shown: each(json, 'shown', (item) => item === true),
    width: each(json, 'width', (item, name) => {
      if (typeof item !== 'number' || !(item > 0)) {
        throw new WireError(`A column ${show(name)} cannot be ${show(item)} wide.`);
      }
      return item;
    }),
    pinned: texts(json, 'pinned'),
  };
}

function each<V>(json: Json, of: string, read: (item: unknown, name: string) => V): Record<string, V> {
  return Object.fromEntries(
    Object.entries(record(json[of], of)).map(([name, item]) => [words(name, of), read(item, name)])
  );
}
