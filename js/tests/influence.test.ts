import { describe, expect, it } from 'vitest';

import { choiceOf, rememberColumns, trainColumns, testColumns } from '../src/influence/columns';
import { effectsOf, rememberEffects } from '../src/influence/effects';
import { brief, tilesOf } from '../src/influence/facts';
import { ordinal } from '../src/influence/words';
import {
  applyStep,
  bothFrom,
  DISAGREEMENT,
  judge,
  labelWord,
  LOSS_RANK,
  originalWord,
  OWN,
  PREDICTED,
  predictedWord,
  SELF_RANK,
  withoutOwn,
} from '../src/influence/points';
import { below, doubtful, START, thresholdOf } from '../src/influence/state';
import { disagreed, effectsSaid, hurtsTests, sides, staleWords } from '../src/influence/words';
import { decode, type DeltaInfluence, type FullInfluence } from '../src/influence/wire';
import { derive } from '../src/derive';
import { ranks } from '../src/columns';
import { allColumns, arranged, AS_USUAL, nameOf, showColumn } from '../src/parts/columns/arrange';
import { liveCell } from '../src/parts/columns/cells';
import { makeExpression } from '../src/parts/expression';
import { scopeOf } from '../src/parts/expression/scope';
import { moreTests } from '../src/parts/filters/more';
import { csv } from '../src/parts/view/rows';
import { tableWidth } from '../src/layout';
import { NO_EDITS } from './make';
import { fullInfluence, makeInfluence } from './harness/influence.mjs';

function both(options: Record<string, string | number> = {}) {
  return bothFrom(
    decode(...fullInfluence(makeInfluence({ n: 60, tests: 40, ...options }), 1)) as FullInfluence
  );
}

describe('both sets of points', () => {
  it('rank loss and self-influence from the highest', () => {
    const { train } = both();
    const loss = train.features[0]!.values;
    const rank = train.features[LOSS_RANK]!.values;
    const highest = loss.indexOf(Math.max(...loss));
    expect(rank[highest]).toBe(1);
    expect([...rank].sort((a, b) => a - b)).toEqual([...rank.keys()].map((i) => i + 1));
  });

  it('have no ranks where nothing is known', () => {
    const { train } = both({ state: 'running', known: 0, fitted: 0 });
    expect([...train.features[SELF_RANK]!.values].every(Number.isNaN)).toBe(true);
  });

  it('say which predictions are wrong', () => {
    const { test } = both();
    for (let row = 0; row < test.n; row++) {
      expect(test.converged[row] === 0).toBe(labelWord(test, row) !== predictedWord(test, row));
    }
    expect(test.status.threshold).toBeNull();
  });

  it('call no prediction wrong before there is one, and no number ever', () => {
    expect(both({ state: 'pending' }).test.converged.every((x) => x === 1)).toBe(true);
    expect(both({ kind: 'number' }).test.converged.every((x) => x === 1)).toBe(true);
  });

  it('call classes that look alike, or like none, in quotes, predicted ones as well', () => {
    const { test } = both();
    const classes = ['', ' a', 'a '];
    const codes =
      test.label?.kind === 'class' ? test.label.codes.map((_, row) => row % 3) : new Uint16Array();
    const named = { ...test, label: { kind: 'class', classes, codes, original: codes } } as const;
    named.features[PREDICTED]!.values.forEach((_, row, all) => (all[row] = row % 3));
    const seen = ['""', '"\u00a0a"', '"a\u00a0"'];
    for (const word of [labelWord, originalWord, predictedWord]) {
      expect([0, 1, 2].map((row) => word(named, row))).toEqual(seen);
    }
  });

  it('keep their marks when all is told anew, and their logs apart', () => {
    const before = both();
    const column = {
      id: 'flagged',
      name: 'flagged',
      tip: '',
      data: { kind: 'number', values: new Float32Array(40) },
    } as const;
    before.test.extra.set('flagged', column);
    const full = decode(...fullInfluence(makeInfluence({ n: 60, tests: 40 }), 2)) as FullInfluence;
    const now = bothFrom(full, before);
    expect(now.test.extra.get('flagged')).toBe(column);
    expect(now.train.extra.size).toBe(0);
    expect([now.train.edits.path, now.test.edits.path]).toEqual(['digits.edits.jsonl', 'tests.jsonl']);
    expect(
      bothFrom({ ...full, influence: { ...full.influence, test: { ...full.influence.test, n: 39 } } }, before)
        .test.extra.size
    ).toBe(0);
  });

  it('call a test point right once its label is what was predicted', () => {
    const { test } = both();
    const wrong = test.converged.indexOf(0);
    const { label } = test;
    if (label?.kind === 'class') {
      label.codes[wrong] = test.features[0]!.values[wrong]!;
    }
    judge(test);
    expect(test.converged[wrong]).toBe(1);
    expect(label!.original[wrong]).not.toBe(test.features[0]!.values[wrong]);
  });

  it('take a delta: moved rows, predictions, what waits', () => {
    const now = both();
    const one = (x: number) => Float32Array.of(x);
    const n = now.test.n;
    const step = {
      rows: Uint32Array.of(7),
      status: now.train.status,
      influence: {
        known: true,
        revision: 5,
        waiting: [7],
        tests_waiting: [3],
        columns: {
          loss: one(99),
          self_influence: one(98),
          quantile_all: one(1),
          mean: one(2),
          negatives: one(3),
        },
        test: {
          loss: new Float32Array(n).fill(0.5),
          predicted: new Float32Array(n),
          p_label: new Float32Array(n).fill(0.6),
          disagreement: new Float32Array(n).fill(0.75),
        },
      },
    } as unknown as DeltaInfluence;
    const [losses] = now.train.features;
    applyStep(now, step);
    expect(now.train.features[0]!.values[7]).toBe(99);
    expect(now.train.features[0]).not.toBe(losses); // what is drawn of it is drawn anew
    expect(now.train.features[0]!.values).toBe(losses!.values);
    expect(now.train.features[LOSS_RANK]!.values[7]).toBe(1);
    expect(now.train.features[SELF_RANK]!.values[7]).toBe(1);
    expect(now.test.value[0]).toBe(0.5);
    expect(predictedWord(now.test, 0)).toBe('0');
    expect(now.head).toEqual({ known: true, revision: 5, waiting: [7], tests_waiting: [3] });
    expect(now.test.features[DISAGREEMENT]!.values[0]).toBe(0.75);
  });

  it('list only the features of the data set on a card', () => {
    const now = both({ kind: 'tabular' });
    expect(withoutOwn(now.train).features.map((f) => f.name)).toEqual([
      'mean radius',
      'mean texture',
      'worst concave points',
    ]);
  });
});

describe('the threshold', () => {
  it('keeps the points at or below it, and doubts those of them that are below 0', () => {
    const { train } = both();
    const sorted = [...train.value].sort((a, b) => a - b);
    const at = sorted[5]!;
    const state = below(START, at);
    const derived = derive(train, state.train, null, false);
    expect(thresholdOf(state)).toBe(at);
    expect(derived.order.length).toBe(6);
    const lowest = derived.order[0]!;
    expect(doubtful(state, derived, train.value, lowest)).toBe(true);
    expect(doubtful(state, derived, train.value, train.value.indexOf(sorted.at(-1)!))).toBe(false);
    expect(thresholdOf(below(state, null))).toBeNull();
  });

  it('leaves the lowest twentieth in doubt where there is none', () => {
    const { train } = both();
    const derived = derive(train, START.train, null, false);
    const doubted = [...train.value.keys()].filter((row) => doubtful(START, derived, train.value, row));
    expect(doubted.length).toBe(3);
  });
});

describe('effects of a training point', () => {
  it('are split by the label, and no bar has two signs', () => {
    const now = both();
    const scores = Float32Array.from({ length: 40 }, (_, i) => (i - 11.5) / 10);
    const found = effectsOf(now, 3, scores)!;
    const word = labelWord(now.train, 3);
    const same = [...scores.keys()].filter((i) => labelWord(now.test, i) === word);
    expect(found.same.n).toBe(same.length);
    expect(found.same.n + found.other.n).toBe(40);
    expect(found.same.hurt).toBe(same.filter((i) => scores[i]! < 0).length);
    expect(found.worst).toEqual([0, 1, 2, 3, 4]);
    expect(Math.round(-found.lo / found.width) * found.width).toBeCloseTo(-found.lo);
    expect(found.same.counts.reduce((a, b) => a + b, 0)).toBe(same.length);
  });

  it('are one group where labels are numbers, and leave out what is not known', () => {
    const now = both({ kind: 'number' });
    const found = effectsOf(now, 0, Float32Array.of(1, -1, NaN))!;
    expect([found.same.n, found.other.n]).toEqual([2, 0]);
    expect(effectsOf(now, 0, Float32Array.of(NaN))).toBeNull();
  });

  it('are counted once, and again after an edit', () => {
    const now = both();
    const effects = rememberEffects();
    const scores = new Float32Array(40).fill(1);
    const first = effects(now, 2, scores);
    expect(effects(now, 2, scores)).toBe(first);
    now.train.edits = { ...NO_EDITS, count: 1 };
    expect(effects(now, 2, scores)).not.toBe(first);
    const second = effects(now, 2, scores);
    now.test.edits = { ...NO_EDITS, count: 1 }; // a relabelled test point is in another group
    expect(effects(now, 2, scores)).not.toBe(second);
    expect(effects(now, 2, undefined)).toBeNull();
  });
});

describe('words', () => {
  it('of ranks', () => {
    const said = [1, 2, 3, 4, 11, 12, 21, 113, 1002].map((rank) => ordinal(rank, 'lowest'));
    expect(said).toEqual([
      'lowest',
      '2nd lowest',
      '3rd lowest',
      '4th lowest',
      '11th lowest',
      '12th lowest',
      '21st lowest',
      '113th lowest',
      '1,002nd lowest',
    ]);
    expect(ordinal(NaN, 'lowest')).toBe('—');
  });

  it('of one point and of several', () => {
    expect([sides(1, 2), sides(2, 1)]).toEqual([
      '1 training point helps, 2 hurt it',
      '2 training points help, 1 hurts it',
    ]);
    expect([hurtsTests(1, 1), hurtsTests(0, 9)]).toEqual(['1 of 1 test point', '0 of 9 test points']);
    expect(effectsSaid(1, 'cat', 1, 'q25', NaN)).toBe('Influences on 1 test point (cat): 1 is hurt.');
  });

  it('of numbers on a small card', () => {
    expect([12_345, -146_099, 31_000_000].map(brief)).toEqual(['12k', '\u2212146k', '31M']);
    expect([5.34, 0.72, -0.0711, -0.0087, 0.0004, 0, 1234, NaN].map(brief)).toEqual([
      '5.3',
      '.72',
      '−.071',
      '−.009',
      '~0',
      '0',
      '1234',
      '—',
    ]);
  });

  it('of a point: quantile, loss and self-influence with their places', () => {
    const now = both();
    const found = ranks(now.train);
    const row = found.rank.indexOf(1);
    const tiles = tilesOf(now, found, row);
    expect(tiles.map((tile) => tile.name)).toEqual(['quantile', 'loss', 'self-influence']);
    expect(tiles[0]!.rank).toBe(1);
    expect(tiles[0]!.value).toBe(Math.min(...now.train.value));
  });

  it('of what an edit has made stale', () => {
    expect(staleWords(NO_EDITS, 0)).toEqual(['', '']);
    const [short, long] = staleWords({ ...NO_EDITS, count: 3, relabelled: 2, dropped: 1 }, 1);
    expect(short).toBe('2 relabelled, 1 dropped · model trained before the edits · computing 1 point anew…');
    expect(long).toContain('panel.dataset()');
    expect(staleWords({ ...NO_EDITS, count: 1, dropped: 1 }, 0)[1]).not.toContain('relabelled');
    const [ours, why] = staleWords(NO_EDITS, 0, { ...NO_EDITS, relabelled: 1 });
    expect(ours).toBe('1 test point relabelled');
    expect(why).toContain('panel.test_dataset()');
    expect(why).not.toContain('panel.dataset()');
  });

  it('of how far a test point is disagreed with', () => {
    expect(disagreed(0.643)).toBe('64\u00a0% of the training points’ influence hurts it');
    expect(disagreed(NaN)).toBeNull();
  });
});

describe('the table as the valuation panel has it', () => {
  const held = both({ features: 2 });
  const { train } = held;
  const choice = choiceOf({ both: held });
  const own = train.features.slice(OWN).map((_, i) => `f${OWN + i}`);

  it('has every number of a training point, and the features of the data to choose', () => {
    const usual = arranged(train, 'wide', Infinity, AS_USUAL, choice).map(nameOf);
    const all = allColumns(train, choice).map(nameOf);
    expect(own.length).toBeGreaterThan(0);
    expect(usual).toEqual(trainColumns(held, 'wide', Infinity).map(nameOf));
    expect(all.filter((name) => !usual.includes(name))).toEqual([
      ...(usual.includes('id') ? [] : ['id']),
      ...own,
    ]);
    const more = arranged(train, 'wide', Infinity, showColumn(AS_USUAL, own[0]!, true), choice);
    expect(more.map(nameOf)).toContain(own[0]);
  });

  it('is written with a name of its own for each column', () => {
    const order = Uint32Array.of(3, 1);
    const columns = arranged(train, 'wide', Infinity, AS_USUAL, choice);
    const [names, first] = csv(train, ranks(train), columns, order).split('\r\n');
    expect(names!.split(',')).toContain('self-influence rank');
    expect(new Set(names!.split(',')).size).toBe(names!.split(',').length);
    expect(first!.split(',')[names!.split(',').indexOf('loss rank')]).toBe(
      String(train.features[LOSS_RANK]!.values[3])
    );
  });

  it('is filtered by an expression over these numbers, which names no errors: influences are exact', () => {
    const named = { ...train, value_name: 'quantile' };
    makeExpression(); // it has come
    const more = { ranges: {}, classes: {}, expression: 'quantile < 0 and `loss rank` <= 20' };
    const [test] = moreTests(named, more, ranks(named), new Set());
    for (let row = 0; row < train.n; row++) {
      expect(test!(row)).toBe(train.value[row]! < 0 && train.features[LOSS_RANK]!.values[row]! <= 20);
    }
    const { names } = scopeOf(named, ranks(named), new Set());
    expect(names.filter((name) => ['se', 'updates', 'converged'].includes(name))).toEqual([]);
  });

  it('makes its rows and headers anew when the module that does so has come, and once', () => {
    const columnsOf = rememberColumns();
    const grid = {
      more: moreTests,
      columns: (...of: Parameters<typeof arranged>) => arranged(of[0], of[1], of[2], of[3], choice),
      all: (points: Parameters<typeof arranged>[0]) => allColumns(points, choice),
      cell: liveCell,
      dress: () => undefined,
      dressRow: () => undefined,
      painted: () => undefined,
    };
    const before = columnsOf(held, 'wide', [900, 300], undefined, undefined).train;
    const after = columnsOf(held, 'wide', [900, 300], grid, undefined).train;
    expect(after).toEqual(before);
    expect(after).not.toBe(before);
    expect(columnsOf({ ...held }, 'wide', [900, 300], grid, undefined).train).toBe(after);
  });
});

describe('columns', () => {
  it('of the training points give way from the right', () => {
    const now = both();
    const names = (width: number) => trainColumns(now, 'wide', width).map((column) => column.name);
    expect(names(2000).slice(-3)).toEqual(['all labels', 'mean', 'hurts']);
    expect(names(700)).not.toContain('hurts');
    expect(trainColumns(now, 'narrow', 500).map((column) => column.kind)).toEqual([
      'image',
      'label',
      'value',
    ]);
  });

  it.each(['digits', 'tabular', 'text', 'number'])(
    'of the test points fit the narrowest list: %s',
    (kind) => {
      const { test } = both({ kind });
      for (const width of [306, 348, 380]) {
        expect(tableWidth(testColumns(test, width))).toBeLessThanOrEqual(width);
      }
    }
  );
});
