import { describe, expect, it } from 'vitest';

import { allRows, classKeys, ranks, sortRows, type SortKey } from '../src/columns';
import { extent, histogram } from '../src/histogram';
import { filterRows, presetCounts } from '../src/filters';
import { actionOf, editOf } from '../src/keys';
import { classLabels, filters, makePoints } from './make';

const NONE = new Set<number>();
const list = (rows: Uint32Array): number[] => [...rows];

describe('sortRows', () => {
  const sort = (numbers: number[], descending = false): number[] => {
    const points = makePoints(numbers);
    return list(sortRows(points, allRows(numbers.length), [{ column: 'value', descending }]));
  };

  it('orders negative, zero, tiny and infinite numbers as numbers', () => {
    expect(sort([3, -1, 0, -Infinity, 1e-30, -1e-30, Infinity, -2e10])).toEqual([3, 7, 1, 5, 2, 4, 0, 6]);
  });

  it('puts unknown values last in both directions', () => {
    expect(sort([NaN, 2, NaN, 1])).toEqual([3, 1, 0, 2]);
    expect(sort([NaN, 2, NaN, 1], true)).toEqual([1, 3, 0, 2]);
  });

  it('keeps the order of equal rows, -0 and 0 being equal', () => {
    expect(sort([0, -0, 1, 0])).toEqual([0, 1, 3, 2]);
    expect(sort([1, 1, 1], true)).toEqual([0, 1, 2]);
  });

  it('agrees with a comparator on many numbers, in both directions', () => {
    let seed = 1;
    const numbers = Array.from({ length: 5000 }, () => {
      seed = (seed * 48271) % 2147483647;
      return Math.fround((seed / 2147483647 - 0.5) * 10 ** (seed % 9));
    });
    const rows = numbers.map((_, i) => i);
    expect(sort(numbers)).toEqual([...rows].sort((a, b) => numbers[a]! - numbers[b]! || a - b));
    expect(sort(numbers, true)).toEqual([...rows].sort((a, b) => numbers[b]! - numbers[a]! || a - b));
  });

  it('sorts by a second column within the first', () => {
    const points = makePoints([5, 4, 3, 2], { label: classLabels(['a', 'b'], [1, 0, 1, 0]) });
    const keys: SortKey[] = [
      { column: 'label', descending: true },
      { column: 'value', descending: false },
    ];
    expect(list(sortRows(points, allRows(4), keys))).toEqual([2, 0, 3, 1]);
  });

  it('sorts ids as people count', () => {
    const points = makePoints([0, 0, 0], { ids: ['p10', 'p9', 'p1'] });
    expect(list(sortRows(points, allRows(3), [{ column: 'id', descending: false }]))).toEqual([2, 1, 0]);
  });

  it('does not touch the rows it was given', () => {
    const rows = allRows(3);
    sortRows(makePoints([3, 2, 1]), rows, [{ column: 'value', descending: false }]);
    expect(list(rows)).toEqual([0, 1, 2]);
  });
});

describe('ranks', () => {
  it('counts from the lowest known value; unknown ones have none', () => {
    const { rank, known } = ranks(makePoints([0.3, NaN, -1, 0.1]));
    expect(list(rank)).toEqual([3, 0, 1, 2]);
    expect(known).toBe(3);
  });
});

describe('filterRows', () => {
  const points = makePoints([-3, -2, -1, 0, 1, 2, 3, NaN], {
    label: classLabels(['cat', 'dog'], [0, 1, 0, 1, 0, 1, 0, 1], [0, 1, 1, 1, 0, 1, 0, 1]),
    dropped: Uint8Array.from([0, 0, 0, 0, 1, 0, 0, 0]),
    converged: Uint8Array.from([1, 1, 1, 1, 1, 0, 1, 0]),
    ids: ['a1', 'b2', 'c3', 'd4', 'e5', 'f6', 'g7', 'h8'],
  });
  const rank = ranks(points);
  const rows = (part: Parameters<typeof filters>[0], selected: ReadonlySet<number> = NONE): number[] =>
    list(filterRows(points, filters(part), rank, selected));

  it('keeps all rows without a filter', () => {
    expect(rows({})).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('keeps a range of values, ends included; unknown values are outside of any range', () => {
    expect(rows({ value: [-2, 1] })).toEqual([1, 2, 3, 4]);
    expect(rows({ value: [-Infinity, Infinity] })).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('knows the presets', () => {
    expect(rows({ presets: ['lowest'] })).toEqual([0]);
    expect(rows({ presets: ['unconverged'] })).toEqual([5, 7]);
    expect(rows({ presets: ['edited'] })).toEqual([2]);
    expect(rows({ presets: ['dropped'] })).toEqual([4]);
    expect(rows({ presets: ['selected'] }, new Set([6, 1]))).toEqual([1, 6]);
  });

  it('finds by id and by label, whatever the case', () => {
    expect(rows({ text: ' B2 ' })).toEqual([1]);
    expect(rows({ text: 'DOG' })).toEqual([1, 3, 5, 7]);
    expect(rows({ text: 'zebra' })).toEqual([]);
  });

  it('wants every filter to pass', () => {
    expect(rows({ label: 1, value: [-2, 1] })).toEqual([1, 3]);
    expect(rows({ presets: ['unconverged', 'dropped'] })).toEqual([]);
  });

  it('counts what each preset would show', () => {
    expect(presetCounts(points, rank, new Set([1]))).toEqual({
      all: 8,
      lowest: 1,
      unconverged: 2,
      edited: 1,
      dropped: 1,
      selected: 1,
      disagrees: 0,
      flagged: 0,
    });
  });

  it('shows a twentieth as the lowest, rounded up', () => {
    const many = makePoints(Array.from({ length: 41 }, (_, i) => 41 - i));
    expect(list(filterRows(many, filters({ presets: ['lowest'] }), ranks(many), NONE))).toEqual([38, 39, 40]);
  });
});

describe('histogram', () => {
  it('counts every known value once', () => {
    const h = histogram([0, 1, 2, 3, 4, NaN], 4, null)!;
    expect([...h.counts]).toEqual([1, 1, 1, 2]);
    expect([h.lo, h.hi, h.known]).toEqual([0, 4, 5]);
  });

  it('puts an edge on the threshold, so that no bar is both', () => {
    const h = histogram([-0.35, 0.1, 0.9, 1], 9, 0)!;
    const edge = (0 - h.lo) / h.width;
    expect(edge).toBeCloseTo(Math.round(edge), 9);
    const below = h.counts.slice(0, Math.round(edge)).reduce((a, b) => a + b, 0);
    expect(below).toBe(1);
    expect(h.known).toBe(4);
  });

  it('has a bar for values that are all alike, and none for no values', () => {
    expect(histogram([2, 2], 5, null)!.counts.reduce((a, b) => a + b, 0)).toBe(2);
    expect(histogram([0, 0], 5, 0)!.known).toBe(2);
    expect(histogram([NaN, NaN], 5, null)).toBeNull();
    expect(histogram([], 5, 0)).toBeNull();
  });

  it('ignores infinities in the extent', () => {
    expect(extent([NaN, 1, -Infinity, -2, Infinity])).toEqual([-2, 1]);
  });
});

describe('classKeys', () => {
  it('gives digits their own key and other classes 1 to 9, then 0 and letters that nothing else takes', () => {
    expect(classKeys(['3', '8', '0'])).toEqual(['3', '8', '0']);
    expect(classKeys(['cat', 'dog'])).toEqual(['1', '2']);
    const many = classKeys(Array.from({ length: 24 }, (_, i) => `class ${i}`));
    expect(many.join('')).toBe('1234567890bdeimoqrswyz');
    expect(many.slice(22)).toEqual(['', '']);
    const plain = { shiftKey: false, ctrlKey: false, metaKey: false, altKey: false };
    for (const key of many.slice(0, 22)) {
      expect(editOf({ ...plain, key })).toEqual({ do: 'relabel', key });
      expect(actionOf({ ...plain, key }, true)).toBeNull();
    }
    expect(editOf({ ...plain, key: 'j' })).toBeNull();
  });
});
