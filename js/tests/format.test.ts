import { describe, expect, it } from 'vitest';

import * as format from '../src/format';
import { progressText } from '../src/views/toolbar';
import { STATUS } from './make';

describe('decimal', () => {
  it.each([
    [0.0008741, '0.000874'],
    [54.7412, '54.7'],
    [2.2917e-5, '2.29e−5'],
    [0, '0'],
    [NaN, '—'],
  ])('%d among numbers of very different size is %s', (x, text) => {
    expect(format.decimal(x, Infinity)).toBe(text);
  });

  it('stands below others with as many decimals', () => {
    expect([5.1, 0, -0.25].map((x) => format.decimal(x, 2))).toEqual(['5.10', '0.00', '−0.25']);
  });
});

it('quotes the name of a class that would look like another one, or like none', () => {
  expect(['a b', ' a', 'a ', '', 'a  b'].map(format.named)).toEqual([
    'a b',
    '"\u00a0a"',
    '"a\u00a0"',
    '""',
    '"a\u00a0\u00a0b"',
  ]);
});

describe('a typed number', () => {
  it.each([
    ['1.5', 1.5],
    [' 97,5 ', 97.5],
    ['0,125', 0.125],
    ['\u22122,5', -2.5],
    ['1e3', 1000],
    ['1,234', NaN], // thousands, or not
    ['1,234.5', NaN],
    ['', NaN],
    ['a', NaN],
  ])('%j is %d', (text, number) => {
    expect(format.typed(text)).toBe(number);
  });
});

describe('value', () => {
  it.each([
    [-2.6312, 1.37, '−2.6'],
    [-2.6312, 0.71, '−2.6'],
    [0.123456, 0.0071, '0.123'],
    [0.123456, 0.0123, '0.123'],
    [1234.5, 30, '1230'],
    [1234.5, 130, '1230'],
    [3e-8, 1e-8, '3.0e−8'],
    [-0.004, 0.1, '0.00'],
    [0.5, NaN, '0.500'],
    [0.5, 0, '0.500'],
    [NaN, 0.1, '—'],
    [0, 0, '0'],
  ])('%d ± %d is %s', (x, se, text) => {
    expect(format.value(x, se)).toBe(text);
  });

  it('never shows a digit below the second of the standard error', () => {
    for (let k = 0; k < 200; k++) {
      const se = 10 ** (k / 25 - 6) * 1.7;
      const decimals = format.decimalsFor(se)!;
      expect(10 ** -decimals).toBeGreaterThan(se / 20);
      expect(10 ** -decimals).toBeLessThanOrEqual(se);
    }
  });

  it('pads so that points stand below each other', () => {
    expect(format.aligned('−2.06', 3)).toBe('−2.06\u2007');
    expect(format.aligned('−2', 2)).toBe('−2\u2008\u2007\u2007');
    expect(format.aligned('—', 2)).toBe('—');
    expect(format.aligned('1.25', 1)).toBe('1.25');
  });
});

describe('words', () => {
  it('says durations', () => {
    expect([0.2, 21, 60, 250, 3600, 7500].map(format.duration)).toEqual([
      'under 1 s',
      '21 s',
      '1 min',
      '4 min 10 s',
      '1 h',
      '2 h 5 min',
    ]);
  });

  it('rounds a certainty down: 94.9 % is not 95 %', () => {
    expect(format.percent(0.949)).toBe('94\u00a0%');
    expect(format.percent(0.949, ' ')).toBe('94 %');
    expect(format.unbroken('ranking 36 % certain')).toBe('ranking 36\u00a0% certain');
    expect(format.percent(0.29)).toBe('29\u00a0%');
  });

  it('counts', () => {
    expect(format.many(1, 'edit')).toBe('1 edit');
    expect(format.many(7440, 'point')).toBe('7,440 points');
  });

  it('shows plain numbers shortly', () => {
    expect([3, -1.23456, 12345678.9, 1e-9, NaN].map((x) => format.plain(x))).toEqual([
      '3',
      '−1.235',
      '12345679',
      '1.000e−9',
      '—',
    ]);
    expect(format.plain(-6865749123)).toBe('\u22126.866e+9'); // no more digits than were asked for
    expect(format.plain(2e12)).toBe('2e+12');
  });
});

describe('progressText', () => {
  it('says the top line of the sketch', () => {
    expect(progressText(STATUS, true)).toBe(
      '7,440 of ~12,000 evaluations · 21 s left · ranking 91\u00a0% certain'
    );
  });

  it('shows test points of closed forms without a ~', () => {
    const status = { ...STATUS, unit: 'test points', done: 90, total: 180, left: null, certainty: null };
    expect(progressText(status, true)).toBe('90 of 180 test points');
  });

  it('says how long a finished run took, and not how much it might have', () => {
    const status = { ...STATUS, state: 'finished' as const, seconds: 41.2 };
    expect(progressText(status, true)).toBe('7,440 evaluations in 41 s · ranking 91\u00a0% certain');
    expect(progressText({ ...status, certainty: 1 }, true)).toBe('7,440 evaluations in 41 s · exact values');
  });

  it('is short where a panel is narrow', () => {
    expect(progressText(STATUS, true, true)).toBe('7,440 of ~12,000 · 21 s left · 91\u00a0% certain');
    const status = { ...STATUS, state: 'finished' as const, seconds: 41.2 };
    expect(progressText(status, true, true)).toBe('7,440 evaluations · ranking 91\u00a0% certain');
  });

  it('announces the cost before the start', () => {
    expect(progressText({ ...STATUS, state: 'pending', announcement: 'at most 60 s' }, true)).toBe(
      'at most 60 s'
    );
  });
});
