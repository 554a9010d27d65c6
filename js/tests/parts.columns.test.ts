import { describe, expect, it } from 'vitest';

import { ranks } from '../src/columns';
import { columnsFor } from '../src/layout';
import * as arrange from '../src/parts/columns/arrange';
import { countClasses, miniOf } from '../src/parts/columns/counts';
import { ends } from '../src/parts/columns/mini_words';
import { readColumns } from '../src/parts/columns/read';
import { tsv } from '../src/parts/columns/tsv';
import { disagrees, fromFull, suggestionOf, type ExtraColumn } from '../src/points';
import type { FullMessage } from '../src/wire';
import { classLabels, makePoints, STATUS } from './make';

const SUGGESTED: ExtraColumn = {
  id: 'suggested',
  name: 'suggested',
  tip: '',
  data: {
    kind: 'class',
    classes: ['dog', 'cat'],
    codes: Uint16Array.of(0, 0, 65535),
    probability: Float32Array.of(0.9, 0.75, NaN),
  },
};

const pets = () => {
  const points = makePoints([-1, 0.25, NaN], {
    label: classLabels(['cat', 'dog'], [0, 1, 0]),
    ids: ['a\tb', 'b', 'c'],
    preview: { kind: 'image', width: 8, height: 8, channels: 1 },
    features: [{ name: 'ink', values: Float32Array.of(0.1, 2, 3) }],
  });
  points.extra.set('suggested', SUGGESTED);
  return points;
};
const names = (columns: readonly Parameters<typeof arrange.nameOf>[0][]): string[] =>
  columns.map(arrange.nameOf);

describe('arranged columns', () => {
  const usual = ['select', 'rank', 'image', 'label', 'x:suggested', 'value', 'stderr', 'count', 'f0'];

  it('are the usual ones and the suggestion, unless somebody says otherwise', () => {
    expect(names(arrange.arranged(pets(), 'wide', 1400))).toEqual(usual);
    expect(names(arrange.arranged(pets(), 'narrow', 400))).toEqual(names(columnsFor(pets(), 'narrow')));
    expect(names(arrange.allColumns(pets()))).toEqual(expect.arrayContaining(['id', 'converged']));
  });

  it('of a finished run whose values are exact leave out errors and updates, which can be asked for', () => {
    const exact = makePoints([-1, 0.25, NaN], {
      stderr: Float32Array.of(0, 0, NaN),
      status: { ...STATUS, state: 'finished', unit: 'test points', certainty: 1 },
    });
    expect(names(arrange.arranged(exact, 'wide', 1400))).toEqual(['select', 'rank', 'id', 'value']);
    expect(names(arrange.allColumns(exact))).toEqual(
      expect.arrayContaining(['stderr', 'count', 'converged'])
    );
    const errors = makePoints([-1], { status: { ...STATUS, state: 'finished' } });
    expect(names(arrange.arranged(errors, 'wide', 1400))).toEqual(
      expect.arrayContaining(['stderr', 'count'])
    );
    expect(names(columnsFor(exact, 'wide', 1400, false))).toEqual(['select', 'rank', 'id', 'value']);
  });

  it('with long names give up room until the values are in sight, and no more than that', () => {
    const long = 'a class with a very long name';
    const points = pets();
    const extra: ExtraColumn = {
      ...SUGGESTED,
      data: { ...SUGGESTED.data, classes: [long, 'cat'] } as ExtraColumn['data'],
    };
    points.extra.set('suggested', extra);
    const label = points.label as ReturnType<typeof classLabels>;
    const shown = { ...points, label: { ...label, classes: [long, 'dog'] } };
    const before = (width: number): number[] => {
      const columns = arrange.arranged(shown, 'wide', width);
      const least = columns.slice(0, 1 + columns.findIndex(({ kind }) => kind === 'value'));
      return least.map(({ track }) => Number(/\d+/.exec(track)![0]));
    };
    const sum = (some: number[]): number => some.reduce((a, b) => a + b, 12);
    const [label0, suggested0] = before(3000).slice(3, 5) as [number, number];
    expect([699, 700]).toContain(sum(before(700))); // both may give up the last pixel
    const [label1, suggested1] = before(700).slice(3, 5) as [number, number];
    expect(label1).toBeLessThanOrEqual(label0);
    expect(suggested1).toBeLessThan(suggested0);
    expect(before(300).slice(3, 5)).toEqual([84, 128]);
  });

  it('are shown and hidden, also where it is narrow', () => {
    let given = arrange.showColumn(arrange.AS_USUAL, 'stderr', false);
    given = arrange.showColumn(given, 'converged', true);
    const wide = names(arrange.arranged(pets(), 'wide', 1400, given));
    expect(wide).not.toContain('stderr');
    expect(wide.indexOf('converged')).toBe(wide.indexOf('count') + 1);
    expect(names(arrange.arranged(pets(), 'narrow', 400, given))).toContain('converged');
  });

  it('keep the order that they were given; a new one stands beside its usual neighbour', () => {
    const given = arrange.moveColumn(arrange.AS_USUAL, usual, 'value', 2);
    expect(names(arrange.arranged(pets(), 'wide', 1400, given)).slice(1, 5)).toEqual([
      'rank',
      'value',
      'image',
      'label',
    ]);
    const before = arrange.moveColumn(
      arrange.AS_USUAL,
      usual.filter((name) => name !== 'x:suggested'),
      'label',
      1
    );
    expect(names(arrange.arranged(pets(), 'wide', 1400, before)).slice(0, 4)).toEqual([
      'select',
      'label',
      'x:suggested',
      'rank',
    ]);
  });

  it('of values before, and as another semivalue, stand beside the values that they are compared with', () => {
    const points = pets();
    for (const id of ['as Banzhaf', 'before']) {
      const data = { kind: 'number', values: points.value } as const;
      points.extra.set(id, { id, name: id, tip: '', data });
    }
    let given = arrange.showColumn(arrange.AS_USUAL, 'x:before', true);
    given = arrange.showColumn(given, 'x:as Banzhaf', true);
    const shown = names(arrange.arranged(points, 'wide', 1400, given));
    expect(shown.slice(shown.indexOf('stderr') + 1)).toEqual(['x:before', 'x:as Banzhaf', 'count', 'f0']);
  });

  it('have the width that they were given, and none that cannot be seen', () => {
    const given = arrange.sizeColumn(arrange.sizeColumn(arrange.AS_USUAL, 'value', 301.4), 'f0', 3);
    const columns = arrange.arranged(pets(), 'wide', 1400, given);
    expect(columns.find(({ kind }) => kind === 'value')!.track).toBe('301px');
    expect(columns.at(-1)!.track).toBe('44px');
    expect(arrange.sizeColumn(given, 'value', null).width).toEqual({ f0: 44 });
  });

  it('that are pinned stand first, each where the one before ends', () => {
    const given = arrange.pinColumn(arrange.AS_USUAL, 'label', true);
    const columns = arrange.arranged(pets(), 'wide', 1400, given);
    expect(names(columns).slice(0, 3)).toEqual(['select', 'label', 'rank']);
    expect(columns.slice(0, 3).map(({ left }) => left)).toEqual([0, 34, undefined]);
    expect(arrange.pinColumn(given, 'label', false).pinned).toEqual([]);
  });
});

describe('charts of the header', () => {
  it('have a bar for each whole number where there are few, and bins elsewhere', () => {
    const points = makePoints([0, 1, 2], {
      features: [
        { name: 'count', values: Float32Array.of(3, 5, 5) },
        { name: 'share', values: Float32Array.of(3, 5.5, NaN) },
      ],
    });
    const of = (id: 'f0' | 'f1') => miniOf(points, ranks(points), id, null);
    const whole = of('f0');
    expect(whole).toMatchObject({ whole: true, histogram: { lo: 2.5, hi: 5.5, known: 3 } });
    expect(whole?.kind === 'number' && [...whole.histogram!.counts]).toEqual([1, 0, 2]);
    expect(of('f1')).toMatchObject({ whole: false, histogram: { lo: 3, hi: 5.5, known: 2 } });
  });

  it('count classes, the most frequent where there are many, and nothing that is not known', () => {
    expect(countClasses(['a', 'b'], Uint16Array.of(1, 1, 65535))).toEqual({
      names: ['a', 'b'],
      counts: [0, 2],
      all: 2,
    });
    const many = Array.from({ length: 50 }, (_, i) => `c${i}`);
    const found = countClasses(many, [49, 49, 7]);
    expect([found.names.length, found.names[0], found.names[1], found.all]).toEqual([20, 'c49', 'c7', 50]);
  });
});

describe('rows as text', () => {
  it('have a line of names, the id first, and exact numbers; what is not known is empty', () => {
    const points = pets();
    const columns = arrange.arranged(points, 'wide', 1400);
    const lines = tsv(points, ranks(points), columns, [1, 0, 2], () => undefined).split('\n');
    expect(lines[0]!.split('\t')).toEqual([
      ...['id', 'rank', 'label', 'suggested', 'value', '± se', 'updates', 'ink'],
    ]);
    expect(lines[1]!.split('\t')).toEqual(['b', '2', 'dog', 'dog', '0.25', '0.1', '8', '2']);
    expect(lines[2]!.split('\t').slice(0, 5)).toEqual(['a b', '1', 'cat', 'dog', '-1']);
    expect(lines[3]!.split('\t').slice(0, 5)).toEqual(['c', '', 'cat', '', '']);
  });

  it('hold no formula, whether it is an id or the text of a point', () => {
    const features = [{ name: '=2', values: Float32Array.of(-2) }];
    const points = makePoints([-1], { ids: ['@a'], preview: { kind: 'text' }, features });
    const columns = arrange.arranged(points, 'wide', 1400);
    const lines = tsv(points, ranks(points), columns, [0], () => '=1+1').split('\n');
    const [names, cells] = lines.map((line) => line.split('\t')) as [string[], string[]];
    expect([names.at(-1), cells.at(-1)]).toEqual(["'=2", '-2']);
    expect(cells.slice(0, 4)).toEqual(["'@a", '1', "'=1+1", '-1']);
  });
});

describe('columns that Python sends', () => {
  const codes = Uint16Array.of(0, 65535);
  const column = (more: object) => ({ id: 'g', name: 'group', tip: 'of the point', ...more });

  it('are read by their type', () => {
    const body = {
      columns: [
        column({ type: 'class', classes: ['a'], codes: { b: 0, d: 'u2', n: 2 } }),
        column({ type: 'text', texts: ['x', 'y\u202ez'] }),
      ],
    };
    const [first, second] = readColumns(body, [codes.buffer], 2);
    expect(first!.data).toEqual({ kind: 'class', classes: ['a'], codes, probability: null });
    expect(second!.data).toEqual({ kind: 'text', texts: ['x', 'y\\u202ez'] });
  });

  it.each([
    [{ type: 'text', texts: ['x'] }, 'should hold 2 texts'],
    [{ type: 'class', classes: [], codes: { b: 0, d: 'u2', n: 2 } }, 'a code beyond'],
    [{ type: 'number', values: { b: 0, d: 'f4', n: 2 } }, 'bytes'],
    [{ type: 'odd' }, 'does not know'],
  ])('%j is refused', (more, words) => {
    expect(() => readColumns({ columns: [column(more)] }, [codes.buffer], 2)).toThrow(words);
  });

  it('stay when a full frame of as many points comes', () => {
    const before = pets();
    const frame = { ...before, features_left_out: 0 } as unknown as FullMessage;
    expect(fromFull(frame, before).extra.get('suggested')).toBe(SUGGESTED);
    expect(fromFull({ ...frame, n: 4 }, before).extra.size).toBe(0);
  });

  it('suggest labels by their names', () => {
    const points = pets();
    expect(suggestionOf(points, 0)).toMatchObject({ code: 1, name: 'dog' });
    expect([0, 1, 2].map((row) => disagrees(points, row))).toEqual([true, false, false]);
    expect(suggestionOf(points, 2)).toBeNull();
  });
});

describe('the ends of a range', () => {
  it('have few digits, and a side of 0 that is there is never left out', () => {
    expect(ends(-0.0624, 0.871)).toBe('\u22120.06\u20260.87');
    expect(ends(-0.871, 0.0624)).toBe('\u22120.87\u20260.06');
    expect(ends(0.0624, 0.871)).toBe('0\u20260.87');
    expect(ends(-1e-17, 0.871)).toBe('0\u20260.87');
    expect(ends(-2.44, 2.06)).toBe('\u22122.4\u20262.1');
    expect(ends(3, 3)).toBe('3');
    expect(ends(0.00021, 0.00058)).toBe('2\u20266e\u22124');
    expect(ends(0.00021, 0.0012)).toBe('2\u202612e\u22124'); // as wide as a column of errors
    expect(ends(0.0021, 0.0098)).toBe('2\u202610e\u22123');
    expect(ends(0.031, 0.087)).toBe('0.031\u20260.087');
  });
});
