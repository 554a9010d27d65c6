import { describe, expect, it } from 'vitest';

import { ranks } from '../src/columns';
import { histogram } from '../src/histogram';
import { derive, rederive } from '../src/derive';
import { binned, outline } from '../src/parts/pictures/before';
import { countBelow, decimate, rowsByRank } from '../src/parts/pictures/curve';
import { marksOf } from '../src/parts/pictures/curve_marks';
import { grow, lassoed, nearest, ticks, towards, type Corner } from '../src/parts/pictures/geometry';
import { hex, LEVELS, levelOf, NEUTRAL, parse } from '../src/parts/pictures/ink';
import { createLooks } from '../src/parts/pictures/look';
import { readCourse } from '../src/parts/stability/chart';
import { MOST_CLASSES, strips } from '../src/parts/pictures/strips';
import { filter, INITIAL, NO_FILTERS, sortBy, type UiState } from '../src/state';
import { classLabels, makePoints } from './make';

const all = (n: number): Uint8Array => new Uint8Array(n).fill(1);

describe('what pictures draw from', () => {
  it('stays where another order shows the same points', () => {
    const points = makePoints([3, -1, 2, -4]);
    const looks = createLooks();
    const filtered: UiState = filter(INITIAL, { value: [-2, 5] });
    const turns = [INITIAL, sortBy(INITIAL, 'id', false), filtered, sortBy(filtered, 'id', true)];
    const first = derive(points, INITIAL, null, false);
    const shown = turns.map((state) => {
      const derived = rederive(points, state, { ...state, sort: [], filters: NO_FILTERS }, first);
      return looks({ points, state, derived, focus: -1, columns: [] }, false).shown;
    });
    expect(shown[1]).toBe(shown[0]);
    expect([...shown[2]!]).toEqual([1, 1, 1, 0]);
    expect(shown[3]).toBe(shown[2]);
  });
});

describe('the curve', () => {
  const points = makePoints([3, -1, NaN, 2, -4]);

  it('orders the rows by value and leaves out those without', () => {
    const rows = rowsByRank(ranks(points));
    expect([...rows]).toEqual([4, 1, 3, 0]);
    expect(countBelow(rows, points.value, 0)).toBe(2);
  });

  it('thins out to one mean a column, and keeps what any of its points is', () => {
    const rows = Uint32Array.from([4, 1, 3, 0]);
    const selected = Uint8Array.from([0, 1, 0, 0, 0]);
    const two = decimate(
      rows,
      points.value,
      [0.2, NaN, 1, 0.4, 0.1],
      Uint8Array.from([1, 0, 0, 0, 0]),
      selected,
      2
    );
    expect([...two.value]).toEqual([-2.5, 2.5]);
    expect(two.stderr[0]).toBeCloseTo(0.1);
    expect(two.stderr[1]).toBeCloseTo(0.3);
    expect([...two.shown]).toEqual([0, 1]);
    expect([...two.selected]).toEqual([1, 0]);
  });

  it('has no more columns than points, and none without points', () => {
    const n = 10_001;
    const many = decimate(
      Uint32Array.from({ length: n }, (_, i) => i),
      Float32Array.from({ length: n }, (_, i) => i),
      all(n),
      all(n),
      all(n),
      300
    );
    expect(many.value).toHaveLength(300);
    expect(many.value.every((x, i) => i === 0 || x > many.value[i - 1]!)).toBe(true);
    expect(decimate(new Uint32Array(), [], [], [], [], 300).value).toHaveLength(0);
  });
});

describe('what the curve is drawn with', () => {
  const grey = [128, 128, 128] as const;
  const levels = Array.from({ length: NEUTRAL + 1 }, (_, i) => [i, i, i] as const);
  const ink = { bg: grey, accent: [255, 0, 0] as const, whisker: grey, levels };
  const frame = {
    left: 0,
    top: 0,
    width: 30,
    height: 40,
    x: (at: number) => 10 * at,
    y: (at: number) => 20 - at,
  };
  const curve = {
    value: Float32Array.of(-8, 4, 60),
    stderr: Float32Array.of(1, 1, 1),
    shown: Uint8Array.of(1, 0, 1),
    selected: Uint8Array.of(0, 1, 0),
  };

  it('is bars by their side of the threshold, paler where a filter hides them, then band, line and selection', () => {
    const marks = marksOf(curve, frame, 0, ink);
    expect(marks.slice(0, 3)).toEqual([
      { d: 'M0.0 20.0V28.0H10.0V20.0z', fill: hex(levels[LEVELS - 1]!), alpha: 0.75 },
      { d: 'M10.0 20.0V16.0H20.0V20.0z', fill: hex(levels[2 * LEVELS - 1]!), alpha: 0.18 },
      { d: 'M20.0 20.0V0.0H30.0V20.0z', fill: hex(levels[2 * LEVELS - 1]!), alpha: 0.75 }, // cut off at the edge
    ]);
    expect(marks[4]).toEqual({ d: 'M5.0 28.0L15.0 16.0L25.0 0.0', stroke: hex(grey), width: 1 });
    expect(marks[5]).toEqual({ d: 'M15.0 16.0h.01', stroke: '#ff0000', width: 5 });
  });

  it('has bars of one colour where there is no threshold', () => {
    const bars = marksOf({ ...curve, selected: new Uint8Array(3) }, frame, null, ink);
    expect(bars.map(({ fill }) => fill)).toEqual([
      hex(levels[NEUTRAL]!),
      hex(levels[NEUTRAL]!),
      hex(grey),
      undefined,
    ]);
  });
});

describe('the lasso', () => {
  const hollow: Corner[] = [
    [0, 0],
    [10, 0],
    [10, 10],
    [5, 3],
    [0, 10],
  ];

  it('knows the inside of a polygon that is not convex', () => {
    expect(lassoed([5, 5, 1, 11], [2, 6, 7, 5], all(4), hollow)).toEqual([0, 2]);
  });

  it('takes the same points as a look at every edge, whatever the path', () => {
    let state = 7;
    const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
    const path = Array.from({ length: 60 }, (): Corner => [200 * random(), 130 * random()]);
    const [x, y] = [0, 0].map(() => Float32Array.from({ length: 3000 }, () => 220 * random() - 10)) as [
      Float32Array,
      Float32Array,
    ];
    const inside = (px: number, py: number): boolean =>
      path.filter(([ax, ay], i) => {
        const [bx, by] = path[(i + 1) % path.length]!;
        return ay > py !== by > py && px < ((bx - ax) * (py - ay)) / (by - ay) + ax;
      }).length %
        2 ===
      1;
    const wanted = [...x.keys()].filter((row) => inside(x[row]!, y[row]!));
    expect(wanted.length).toBeGreaterThan(300);
    expect(lassoed(x, y, all(3000), path)).toEqual(wanted);
  });

  it('has a corner where the pointer came from one by some pixels', () => {
    const path: Corner[] = [[0, 0]];
    for (let x = 0; x <= 100; x++) {
      grow(path, [x, 0]);
    }
    expect(path.length).toBe(34);
    expect(path.at(-1)).toEqual([99, 0]);
  });

  it('takes the points that pass the filters and have a place', () => {
    expect(lassoed([5, 5, NaN, 5], [2, 6, 2, 2], [1, 1, 1, 0], hollow)).toEqual([0]);
    expect(lassoed([5], [2], [1], [])).toEqual([]);
  });

  it('finds the nearest point within reach, and the next one in a direction', () => {
    const [x, y] = [
      [0, 10, 12, 0, NaN],
      [0, 0, 1, 8, 0],
    ];
    expect(nearest(x, y, all(5), [11, 0], 14)).toBe(1);
    expect(nearest(x, y, Uint8Array.from([1, 0, 1, 1, 1]), [11, 0], 14)).toBe(2);
    expect(nearest(x, y, all(5), [50, 50], 14)).toBe(-1);
    expect(towards(x, y, all(5), 0, [1, 0])).toBe(1);
    expect(towards(x, y, all(5), 0, [0, 1])).toBe(3);
    expect(towards(x, y, all(5), 0, [-1, 0])).toBe(-1);
  });
});

describe('axes and colours', () => {
  it('has round numbers within the ends', () => {
    expect(ticks(-3.4, 3, 4)).toEqual([-2, 0, 2]);
    expect(ticks(0, 600, 3)).toEqual([0, 200, 400, 600]);
    expect(ticks(0.1, 0.3, 2)).toEqual([0.1, 0.2, 0.3]);
    expect(ticks(5, 5, 3)).toEqual([5]);
  });

  it('diverges around the threshold', () => {
    expect(levelOf(-9, 0, 1)).toBe(LEVELS - 1);
    expect(levelOf(-0.1, 0, 1)).toBe(0);
    expect(levelOf(0, 0, 1)).toBe(LEVELS);
    expect(levelOf(9, 0, 1)).toBe(2 * LEVELS - 1);
    expect(levelOf(NaN, 0, 1)).toBe(NEUTRAL);
    expect(levelOf(1, null, 1)).toBe(NEUTRAL);
  });

  it('reads colours as browsers compute them', () => {
    expect(hex(parse('rgb(42, 102, 181)'))).toBe('#2a66b5');
    expect(hex(parse('color(srgb 0.5 0 1)'))).toBe('#8000ff');
  });
});

describe('strips of classes', () => {
  it('have the mean and its standard error, and bars that add up', () => {
    const points = makePoints([1, 3, -2, NaN, 5], { label: classLabels(['a', 'b'], [0, 0, 1, 1, 1]) });
    const bins = histogram(points.value, 10, 0)!;
    const [a, b] = strips(points, bins, Uint8Array.from([1, 0, 1, 1, 0]));
    expect([a!.n, a!.mean, a!.stderr]).toEqual([2, 2, 1]);
    expect([b!.n, b!.mean, b!.stderr]).toEqual([2, 1.5, 3.5]);
    expect(a!.all.reduce((sum, k) => sum + k, 0)).toBe(2);
    expect(b!.shown.reduce((sum, k) => sum + k, 0)).toBe(1);
  });

  it('are the largest classes, and one for the others', () => {
    const n = MOST_CLASSES + 3;
    const classes = Array.from({ length: n }, (_, i) => `c${i}`);
    const codes = Array.from({ length: 2 * n }, (_, i) => (i < n ? i : Math.min(i - n, MOST_CLASSES - 1)));
    const points = makePoints(
      codes.map((_, i) => i),
      { label: classLabels(classes, codes) }
    );
    const found = strips(points, histogram(points.value, 10, null)!, all(2 * n));
    expect(found).toHaveLength(MOST_CLASSES + 1);
    expect(found.at(-1)!.classes).toEqual(['c12', 'c13', 'c14']);
    expect(found.at(-1)!.n).toBe(3);
    expect(strips(makePoints([1]), histogram([1], 10, null)!, all(1))).toEqual([]);
  });
});

describe('the values before', () => {
  it('lie in the bins of the histogram, which reaches as far as they do', () => {
    const now = Float32Array.of(0.5, 1, NaN);
    const before = Float32Array.of(-2, 0.25, 3, NaN);
    const reach = histogram(now, 10, 0, before)!;
    expect([reach.lo, reach.hi, reach.known]).toEqual([-2, 3, 2]);
    const counts = binned(before, reach);
    expect([counts[0], counts.at(-1), counts.reduce((a, b) => a + b, 0)]).toEqual([1, 1, 3]);
    expect(histogram(now, 10, 0)!.hi).toBe(1);
    expect(histogram(Float32Array.of(NaN), 10, 0, before)).toBeNull();
  });

  it('are drawn as steps, as high as the highest bar of both', () => {
    expect(outline([1, 4, 0], 8, 30, 18)).toBe('M0 18V16.0H10.00V10.0H20.00V18.0H30.00V18');
  });
});

describe('the stability of the ranking', () => {
  it('is read as it was told, and refused otherwise', () => {
    const entry = { done: 200, half: 100, stability: 0.9 };
    expect(readCourse({ body: { course: [entry] } })).toEqual([[200, 100, 0.9]]);
    expect(() => readCourse({ body: { course: [{ ...entry, half: null }] } })).toThrow('does not know');
    expect(() => readCourse({ body: {} })).toThrow('course should be a list');
  });
});
