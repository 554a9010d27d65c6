import { describe, expect, it } from 'vitest';

import { decode } from '../src/influence/wire';
import { WireError } from '../src/wire';
import { buffersOf, goldensOf, plain } from './goldens';

const goldens = goldensOf('influence/');
const good = goldens.filter((golden) => golden.refuse === undefined);

describe('golden frames of the influence panel', () => {
  it('are there: every kind of message that only it has', () => {
    const kinds = new Set(good.map((golden) => golden.content.t));
    expect([...kinds].sort()).toEqual([
      'delta',
      'edits',
      'full',
      'of_test',
      'of_train',
      'previews',
      'status',
    ]);
    expect(goldens.length - good.length).toBeGreaterThanOrEqual(5);
  });

  it.each(good)('$name decodes as Python says', (golden) => {
    expect(plain(decode(golden.content, buffersOf(golden)))).toEqual(golden.expect);
  });

  it.each(goldens.filter((golden) => golden.refuse !== undefined))('$name is refused: $refuse', (golden) => {
    expect(() => decode(golden.content, buffersOf(golden))).toThrow(WireError);
  });
});

describe('decode', () => {
  const full = good.find((golden) => golden.name === 'influence_full')!;
  const of = (change: Record<string, unknown>) => ({
    ...full.content,
    influence: { ...(full.content.influence as object), ...change },
  });
  const broken: [string, Record<string, unknown>, RegExp][] = [
    ['a quantile in words', { quantile: 'low' }, /quantile should be a number; it is "low"/],
    ['a revision that is no number', { revision: null }, /revision should be a whole number/],
    ['waiting points that are no list', { waiting: 3 }, /waiting should be a list; it is 3/],
    ['a missing test set', { test: null }, /test should be an object; it is null/],
  ];
  it.each(broken)('refuses %s in a sentence', (_, change, sentence) => {
    expect(() => decode(of(change), buffersOf(full))).toThrow(sentence);
  });
});
