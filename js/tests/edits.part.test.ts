import { describe, expect, it } from 'vitest';

import { suggestedAbove, suggestedFor } from '../src/parts/edits/accept';
import { after, readPage, said, withPage, type Entry } from '../src/parts/history/page';
import { putMarks, readMarks } from '../src/parts/edits/marks';
import { matches } from '../src/parts/edits/match';
import { WORDS } from '../src/parts/edits/words';
import { isFlagged, noteOf, type ExtraColumn, type Points } from '../src/points';
import { classLabels, makePoints } from './make';

function suggested(codes: number[], probability: number[] | null, classes = ['a', 'b', 'c']): ExtraColumn {
  const data = {
    kind: 'class' as const,
    classes,
    codes: Uint16Array.from(codes),
    probability: probability && Float32Array.from(probability),
  };
  return { id: 'suggested', name: 'suggested', tip: '', data };
}

function some(probability: number[] | null, more: Partial<Points> = {}): Points {
  const label = classLabels(['a', 'b', 'c'], [0, 0, 1, 2, 0], [0, 0, 1, 2, 0]);
  const points = makePoints([1, 2, 3, 4, 5], { label, ...more });
  points.extra.set('suggested', suggested([1, 0, 2, 1, 65535], probability));
  return points;
}

const NONE = new Set<number>();

describe('suggestions', () => {
  it('are written into the log without spaces that nobody can see', () => {
    expect(WORDS.why(0.9)).toBe('suggestion accepted, 90 % and more');
  });

  it('are taken where they differ from the label and are sure enough', () => {
    const points = some([0.95, 0.99, 0.75, 0.5, 1]);
    expect(suggestedAbove(points, 0.75, NONE)).toEqual({ rows: [0, 2], codes: [1, 2] });
    expect(suggestedAbove(points, 0, NONE).rows).toEqual([0, 2, 3]);
    expect(suggestedAbove(points, 0.96, NONE).rows).toEqual([]);
  });

  it('leave what a person relabelled or dropped alone, unless they are asked for one by one', () => {
    const points = some([1, 1, 1, 1, 1]);
    points.dropped[3] = 1;
    points.label = classLabels(['a', 'b', 'c'], [2, 0, 1, 2, 0], [0, 0, 1, 2, 0]);
    expect(suggestedAbove(points, 0.9, NONE).rows).toEqual([2]);
    expect(suggestedFor(points, [0, 1, 4])).toEqual({ rows: [0], codes: [1] });
  });

  it('keep to the selection, and count as 0 % where nobody says how sure they are', () => {
    const points = some(null);
    expect(suggestedAbove(points, 0.01, NONE).rows).toEqual([]);
    expect(suggestedAbove(points, 0, new Set([3, 1, 0])).rows).toEqual([0, 3]);
  });

  it('of a class that the labels do not have cannot be taken', () => {
    const points = some([1, 1, 1, 1, 1]);
    points.extra.set('suggested', suggested([0, 0, 0, 0, 0], [1, 1, 1, 1, 1], ['z']));
    expect(suggestedAbove(points, 0, NONE).rows).toEqual([]);
    expect(suggestedFor(points, [0]).rows).toEqual([]);
  });
});

describe('type-ahead', () => {
  const names = ['Carya ovata', 'Quercus alba', 'alba', 'Ulmus', 'QUERCUS RUBRA', 'Ébène'];
  it('puts the name itself first, then beginnings, words and parts', () => {
    expect(matches(names, 'alba')).toEqual([2, 1]);
    expect(matches(names, 'que')).toEqual([1, 4]);
    expect(matches(names, 'r')).toEqual([4, 0, 1]);
    expect(matches(names, ' é ')).toEqual([5]);
    expect(matches(names, 'nothing')).toEqual([]);
    expect(matches(names, '', 3)).toEqual([0, 1, 2]);
  });
});

const u4 = (values: number[]) => new DataView(Uint32Array.from(values).buffer);

function marksMessage(flagged: number[], noted: number[], codes: number[], texts: string[]) {
  const column = (b: number, items: number[]) => ({ b, d: 'u4', n: items.length });
  const body = { flagged: column(0, flagged), noted: column(1, noted), codes: column(2, codes), texts };
  return { part: 'edits', request: null, kind: 'marks', body, buffers: [flagged, noted, codes].map(u4) };
}

describe('marks', () => {
  it('become columns of the points, and go away with the last of them', () => {
    const points = makePoints([1, 2, 3]);
    putMarks(points, readMarks(marksMessage([2], [0, 2], [1, 0], ['odd', 'a\u202eb'])));
    expect([0, 1, 2].map((row) => isFlagged(points, row))).toEqual([false, false, true]);
    expect([0, 1, 2].map((row) => noteOf(points, row))).toEqual(['a\\u202eb', '', 'odd']);
    putMarks(points, readMarks(marksMessage([], [], [], [])));
    expect(points.extra.size).toBe(0);
    expect(noteOf(points, 0)).toBe('');
  });

  it('of points or texts that are not there are refused', () => {
    expect(() => putMarks(makePoints([1]), readMarks(marksMessage([1], [], [], [])))).toThrow(
      'not one of the 1'
    );
    expect(() => readMarks(marksMessage([], [0], [1], ['only one']))).toThrow('of text 1');
    expect(() => readMarks(marksMessage([], [0], [], ['x']))).toThrow('codes');
  });
});

describe('the history', () => {
  const edit = {
    number: 2,
    op: 'relabel',
    at: '2026-11-26T20:00:00+00:00',
    who: 'ana',
    why: '',
    in_force: true,
    points: 3,
    rows: [{ row: null, id: '7', field: 'label', old: 'a', new: 'b', value: null }],
  };
  const page = (edits: unknown[]) =>
    readPage({
      part: 'edits',
      request: null,
      kind: 'log',
      body: { edits, before: 0, more: false },
      buffers: [],
    });

  it('is read, and refused where something is not as promised', () => {
    expect(page([edit]).edits[0]).toMatchObject({
      number: 2,
      inForce: true,
      rows: [{ row: null, now: 'b' }],
    });
    const merged = { ...edit.rows[0], from: ['<i>Ada</i>', 'on a Monday', ''] };
    expect(page([{ ...edit, rows: [merged, ...edit.rows] }]).edits[0]!.rows.map(({ from }) => from)).toEqual([
      '<i>Ada</i> · on a Monday',
      '',
    ]);
    expect(() => page([{ ...edit, rows: [{ ...merged, from: 'Ada' }] }])).toThrow('from should be a list');
    expect(() => page([{ ...edit, number: '2' }])).toThrow('number');
    expect(() => page([{ ...edit, rows: [{ ...edit.rows[0], value: 'x' }] }])).toThrow('value');
    expect(() => page([null])).toThrow('an edit');
  });

  it('counts what came later and is in force', () => {
    const entry = (number: number, inForce: boolean) => ({ number, inForce }) as Entry;
    const counts = after([entry(4, false), entry(3, true), entry(2, true), entry(1, true)]);
    expect([...counts]).toEqual([
      [4, 0],
      [3, 0],
      [2, 1],
      [1, 2],
    ]);
  });

  it('keeps the older pages when a newer first one comes, and says that they are to be read again', () => {
    const entry = (number: number, inForce = true) => ({ number, inForce }) as Entry;
    const first = { edits: [entry(4), entry(3)], before: 0, more: true };
    const [two, fresh] = withPage([entry(4), entry(3)], { ...first, edits: [entry(2)], before: 3 });
    expect([two.map(({ number }) => number), fresh]).toEqual([[4, 3, 2], false]);
    const [three, stale] = withPage(two, { ...first, edits: [entry(5), entry(4, false), entry(3)] });
    expect([three.map(({ number }) => number), stale]).toEqual([[5, 4, 3, 2], true]);
    expect(three[1]!.inForce).toBe(false);
    const [all, old] = withPage(three, { edits: [entry(2, false), entry(1)], before: 3, more: false });
    expect([all.map(({ number }) => number), old]).toEqual([[5, 4, 3, 2, 1], false]);
    expect(all[3]!.inForce).toBe(false);
    expect(withPage(all, { edits: [entry(1)], before: 0, more: false })[0].length).toBe(1); // another log
  });

  it('says contents in words', () => {
    expect([said('flag', true), said('dropped', false), said('note', ''), said('label', 'b')]).toEqual([
      'flagged',
      'kept',
      'none',
      'b',
    ]);
  });
});
