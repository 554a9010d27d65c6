import { describe, expect, it } from 'vitest';

import { barAt, moved, snap } from '../src/parts/columns/mini_range';

const TEN = { lo: 0, hi: 10, width: 1, counts: new Uint32Array(10), known: 0 };
/** Bars of the whole numbers from 1 to 5. */
const WHOLE = { lo: 0.5, hi: 5.5, width: 1, counts: new Uint32Array(5), known: 0 };

describe('what a brush takes', () => {
  it('is whole bars, whichever way it was drawn, and never beyond the ends', () => {
    expect(snap(TEN, false, 2.3, 4.6)).toEqual([2, 5]);
    expect(snap(TEN, false, 4.6, 2.3)).toEqual([2, 5]);
    expect(snap(TEN, false, -3, 40)).toEqual([0, 10]);
  });

  it('is from number to number where each bar is one', () => {
    expect(snap(WHOLE, true, 1.7, 3.2)).toEqual([2, 3]);
    expect(snap(WHOLE, true, 0.5, 5.5)).toEqual([1, 5]);
  });
});

describe('a click', () => {
  it('takes the bar that it falls into', () => {
    expect(barAt(TEN, false, 6.2)).toEqual([6, 7]);
    expect(barAt(WHOLE, true, 3.4)).toEqual([3, 3]);
  });

  it('takes one bar also where it falls between two, or on an end', () => {
    expect(barAt(TEN, false, 3)).toEqual([3, 4]);
    expect(barAt(TEN, false, 0)).toEqual([0, 1]);
    expect(barAt(TEN, false, 10)).toEqual([9, 10]);
    expect(barAt(WHOLE, true, 2.5)).toEqual([3, 3]);
    expect(barAt(WHOLE, true, 5.5)).toEqual([5, 5]);
  });
});

describe('an arrow key', () => {
  it('moves the upper end by a bar, or the lower one', () => {
    expect(moved(TEN, false, null, -1, false)).toEqual([0, 9]);
    expect(moved(TEN, false, [2, 5], 1, false)).toEqual([2, 6]);
    expect(moved(TEN, false, [2, 5], 1, true)).toEqual([3, 5]);
    expect(moved(WHOLE, true, [2, 3], 1, false)).toEqual([2, 4]);
    expect(moved(WHOLE, true, null, 1, true)).toEqual([2, 5]);
  });

  it('stops at the ends, and leaves a bar', () => {
    expect(moved(TEN, false, [2, 10], 1, false)).toEqual([2, 10]);
    expect(moved(TEN, false, [2, 3], -1, false)).toEqual([2, 3]);
    expect(moved(WHOLE, true, [2, 2], -1, false)).toEqual([2, 2]);
  });
});
