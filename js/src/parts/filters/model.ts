/**
 * Filters of a live panel: reading and changing them by column, and as plain JSON for Python. Pure.
 *
 * The values' range and a single label have fields of their own in `Filters`, since a saved page has them, too; every
 * other column is in `more`. Whoever changes filters by column goes through `withRange` and `withClasses`.
 */

import type { Filters, MoreFilters, Preset } from '../../filters';
import type { Points } from '../../points';
import { each, list, record, show, text, texts, WireError, words, type Json } from '../../read';

export const NO_MORE: MoreFilters = { ranges: {}, classes: {}, expression: '' };
const PRESETS: readonly Preset[] = [
  'lowest',
  'unconverged',
  'edited',
  'dropped',
  'selected',
  'disagrees',
  'flagged',
];

export type Range = readonly [number, number];

export function rangeOf(filters: Filters, id: string): Range | null {
  return id === 'value' ? filters.value : (filters.more?.ranges[id] ?? null);
}

export function withRange(filters: Filters, id: string, range: Range | null): Partial<Filters> {
  if (id === 'value') {
    return { value: range };
  }
  const more = filters.more ?? NO_MORE;
  return { more: { ...more, ranges: set(more.ranges, id, range) } };
}

/** Names of the classes that pass; empty where all do. */
export function classesOf(filters: Filters, id: string, points: Points): readonly string[] {
  const { label } = points;
  return id === 'label' && filters.label !== null && label?.kind === 'class'
    ? [label.classes[filters.label] ?? '']
    : (filters.more?.classes[id] ?? []);
}

export function withClasses(
  filters: Filters,
  id: string,
  names: readonly string[],
  points: Points
): Partial<Filters> {
  const more = filters.more ?? NO_MORE;
  const { label } = points;
  const code = label?.kind === 'class' && names.length === 1 ? label.classes.indexOf(names[0]!) : -1;
  if (id === 'label' && (names.length === 0 || code >= 0)) {
    return { label: code < 0 ? null : code, more: { ...more, classes: set(more.classes, id, null) } };
  }
  const classes = set(more.classes, id, names.length === 0 ? null : names);
  return { more: { ...more, classes }, ...(id === 'label' ? { label: null } : {}) };
}

export function withExpression(filters: Filters, expression: string): Partial<Filters> {
  return { more: { ...(filters.more ?? NO_MORE), expression } };
}

/** Whether anything is filtered. */
export function isFiltered({ presets, value, label, text, more }: Filters): boolean {
  return (
    presets.size > 0 ||
    value !== null ||
    label !== null ||
    text !== '' ||
    (more !== undefined &&
      (more.expression !== '' || Object.keys({ ...more.ranges, ...more.classes }).length > 0))
  );
}

function set<V>(held: Readonly<Record<string, V>>, id: string, item: V | null): Readonly<Record<string, V>> {
  const rest = Object.entries(held).filter(([key]) => key !== id);
  return Object.fromEntries(item === null ? rest : [...rest, [id, item]]);
}

/** As plain JSON; an open end of a range is null. */
export interface FiltersJson {
  presets: Preset[];
  ranges: Record<string, [number | null, number | null]>;
  classes: Record<string, readonly string[]>;
  text: string;
  expression: string;
}

const NOTHING: FiltersJson = { presets: [], ranges: {}, classes: {}, text: '', expression: '' };

export function toJson(filters: Filters, points: Points): FiltersJson {
  const { more = NO_MORE, presets, value, text } = filters;
  const ranges = Object.entries({ ...more.ranges, ...(value && { value }) });
  const label = classesOf(filters, 'label', points);
  const end = (x: number): number | null => (Number.isFinite(x) ? x : null);
  return {
    presets: PRESETS.filter((preset) => presets.has(preset)),
    ranges: Object.fromEntries(ranges.map(([id, [lo, hi]]) => [id, [end(lo), end(hi)]])),
    classes: { ...more.classes, ...(label.length > 0 && { label }) },
    text,
    expression: more.expression,
  };
}

/** Reads what `toJson` wrote, or Python; what is left out filters nothing. Throws WireError. */
export function fromJson(given: unknown, points: Points): Filters {
  const json = { ...NOTHING, ...record(given, 'The filter') };
  const odd = Object.keys(json).find((key) => !Object.hasOwn(NOTHING, key));
  if (odd !== undefined) {
    throw new WireError(`A filter has no ${show(odd)}; it has ${Object.keys(NOTHING).join(', ')}.`);
  }
  const { value = null, ...ranges } = each(json, 'ranges', ends);
  const { label = [], ...classes } = each(json, 'classes', (m, id) => texts(m, id));
  const base: Filters = {
    presets: new Set(texts(json, 'presets').map(preset)),
    value,
    label: null,
    text: text(json, 'text'),
    more: { ranges, classes, expression: words(json.expression, 'expression', true) },
  };
  return { ...base, ...withClasses(base, 'label', label, points) };
}

function ends(m: Json, id: string): Range {
  const [lo, hi, ...more] = list(m, id).map((end, i) => end ?? [-Infinity, Infinity][i]);
  if (typeof lo !== 'number' || typeof hi !== 'number' || more.length > 0) {
    throw new WireError(`The range of ${id} should be [from, to], numbers or null; it is ${show(m[id])}.`);
  }
  return [lo, hi];
}

function preset(name: string): Preset {
  const found = PRESETS.find((one) => one === name);
  if (found === undefined) {
    throw new WireError(`${show(name)} is no quick filter; there are ${PRESETS.join(', ')}.`);
  }
  return found;
}
