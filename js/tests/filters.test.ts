import { beforeEach, describe, expect, it } from 'vitest';

import { ranks, sortRows, allRows } from '../src/columns';
import { filterRows } from '../src/filters';
import { makeExpression } from '../src/parts/expression';
import { speak } from '../src/parts/expression/language';
import {
  fromJson,
  isFiltered,
  toJson,
  withClasses,
  withExpression,
  withRange,
} from '../src/parts/filters/model';
import { idle, moreTests } from '../src/parts/filters/more';
import { NO_FILTERS } from '../src/state';
import { classLabels, makePoints } from './make';

const points = makePoints([-3, -1, 0, 1, 2], {
  label: classLabels(['cat', 'dog'], [0, 1, 0, 1, 0]),
  features: [{ name: 'ink', values: Float32Array.of(5, 4, 3, NaN, 1) }],
});
points.extra.set('group', {
  id: 'group',
  name: 'group',
  tip: '',
  data: { kind: 'text', texts: ['g10', 'g9', 'g10', 'g1', 'g9'] },
});
const rank = ranks(points);
const rows = (filters: typeof NO_FILTERS): number[] => [
  ...filterRows(points, filters, rank, new Set([1, 4]), moreTests),
];

beforeEach(() => makeExpression());

describe('an expression whose language is not here', () => {
  it('filters nothing and says so; the other filters do', () => {
    const filters = { ...NO_FILTERS, ...withExpression({ ...NO_FILTERS, value: [-1, 2] }, 'value > 1') };
    const held = { ...filters, value: [-1, 2] as const };
    const why = () => idle('value > 1', points, rank);
    expect([rows(held), why()]).toEqual([[4], '']);
    speak({ language: null });
    expect([rows(held), why()]).toEqual([[1, 2, 3, 4], expect.stringContaining('comes in a moment')]);
    speak({ failed: true });
    expect([rows(held), why()]).toEqual([[1, 2, 3, 4], expect.stringContaining('could not be loaded')]);
    expect(idle('', points, rank)).toBe('');
  });
});

describe('filters by column', () => {
  it('all combine', () => {
    let filters = { ...NO_FILTERS, ...withRange(NO_FILTERS, 'f0', [1, 4]) };
    expect(rows(filters)).toEqual([1, 2, 4]);
    filters = { ...filters, ...withRange(filters, 'value', [-1, 1]) };
    expect(rows(filters)).toEqual([1, 2]);
    filters = { ...filters, ...withClasses(filters, 'label', ['dog'], points) };
    expect(rows(filters)).toEqual([1]);
    filters = { ...filters, ...withExpression(filters, 'not selected') };
    expect(rows(filters)).toEqual([]);
  });

  it('several classes pass; one alone is the choice that a saved page knows', () => {
    const both = { ...NO_FILTERS, ...withClasses(NO_FILTERS, 'label', ['dog', 'cat'], points) };
    expect(rows(both)).toEqual([0, 1, 2, 3, 4]);
    expect(both.label).toBeNull();
    const one = { ...both, ...withClasses(both, 'label', ['cat'], points) };
    expect([one.label, one.more?.classes]).toEqual([0, {}]);
    expect(isFiltered({ ...one, ...withClasses(one, 'label', [], points) })).toBe(false);
  });

  it('on a column that is not here filter nothing', () => {
    const filters = { ...NO_FILTERS, ...withRange(NO_FILTERS, 'x:gone', [0, 1]) };
    expect(rows(filters)).toHaveLength(5);
    expect(rows({ ...NO_FILTERS, ...withExpression(NO_FILTERS, 'gone < 1') })).toHaveLength(5);
  });

  it('travel as plain JSON and come back the same', () => {
    let filters: typeof NO_FILTERS = { ...NO_FILTERS, presets: new Set(['lowest'] as const), text: 'a' };
    filters = { ...filters, ...withRange(filters, 'value', [-Infinity, 1]) };
    filters = { ...filters, ...withRange(filters, 'f0', [1, 4]) };
    filters = { ...filters, ...withClasses(filters, 'label', ['dog'], points) };
    filters = { ...filters, ...withExpression(filters, 'value < 0') };
    const json = toJson(filters, points);
    expect(JSON.parse(JSON.stringify(json))).toEqual({
      presets: ['lowest'],
      ranges: { value: [null, 1], f0: [1, 4] },
      classes: { label: ['dog'] },
      text: 'a',
      expression: 'value < 0',
    });
    expect(fromJson(JSON.parse(JSON.stringify(json)), points)).toEqual(filters);
    expect(isFiltered(fromJson({}, points))).toBe(false);
  });

  it.each([
    [{ range: {} }, 'A filter has no "range"'],
    [{ presets: ['odd'] }, 'is no quick filter'],
    [{ ranges: { value: [1] } }, 'The range of value'],
    [{ classes: { label: 'cat' } }, 'label should be a list'],
    [{ text: 3 }, 'text should be text'],
    [7, 'The filter should be an object'],
  ])('%j is refused', (json, words) => {
    expect(() => fromJson(json, points)).toThrow(words);
  });
});

it('texts sort as people count, and equal ones are equal', () => {
  const keys = [
    { column: 'x:group', descending: false },
    { column: 'value', descending: true },
  ] as const;
  expect([...sortRows(points, allRows(5), keys)]).toEqual([3, 4, 1, 2, 0]);
});
