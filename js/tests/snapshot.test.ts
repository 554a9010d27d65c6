import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { histogram } from '../src/histogram';
import { derive } from '../src/derive';
import { idOf, sizeOf } from '../src/points';
import { readSnapshot } from '../src/snapshot';
import { INITIAL, togglePreset } from '../src/state';
import { base64, copyOf, COUNTED, partOf } from './copies';

type Json = Record<string, unknown>;
const read = (copy: unknown) => readSnapshot(JSON.stringify(copy));
const part = () => partOf(1_000_000, [7, 400, 999_999], [0, 3, 2]);

describe('the copies that Python writes', () => {
  const folder = fileURLToPath(new URL('../../tests/snapshots/', import.meta.url));
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

  it('are there', () => expect(files.length).toBeGreaterThan(6));

  it.each(files)('%s is read', (file) => {
    const payload = readFileSync(folder + file, 'utf8');
    const { manifest, share, more } = JSON.parse(payload) as {
      manifest: { n_total: number; n_embedded: number; previews: number };
      share: string;
      more: unknown[];
    };
    const { points, previews, note } = readSnapshot(payload);
    const { ranks, histogram: bars } = derive(points, INITIAL, null, false);
    expect([points.n, sizeOf(points)]).toEqual([manifest.n_embedded, manifest.n_total]);
    expect([previews.size, previews.size > 0]).toEqual([manifest.previews, more.length > 0]);
    expect(points.share.startsWith(`${share} (`)).toBe(true);
    const all = manifest.n_embedded === manifest.n_total;
    expect(note.includes('Ranks') || note.includes('no single')).toBe(!all);
    expect(note.includes('Previews')).toBe(previews.size > 0 && previews.size < points.n);
    // one of the twelve has no value; among the others the ranks are those of the whole data set
    expect([ranks.known, bars?.known]).toEqual([11, 11]);
    const known = [...ranks.rank].filter((rank) => rank > 0);
    expect(new Set(known).size).toBe(known.length);
    expect(known.every((rank) => rank <= 11)).toBe(true);
  });
});

describe('a copy of all points', () => {
  it('is what the frame says, with ranks and a histogram of its own', () => {
    const { points, note } = read(copyOf());
    const { ranks, histogram: bars } = derive(points, INITIAL, null, false);
    expect([points.n, points.whole, note]).toEqual([30, null, '']);
    expect(ranks.known).toBe(30);
    expect(bars).toEqual(histogram(points.value, 44, 0));
  });

  it('says in its foot at which level it was shared', () => {
    expect(read(copyOf()).points.share).toBe('values (positions, labels, values)');
  });
});

describe('a copy of some points', () => {
  it('knows their positions and their ranks among all, and the distribution of all', () => {
    const { points, note } = read(part());
    const { ranks, histogram: bars } = derive(points, INITIAL, null, false);
    expect([0, 1, 2].map((row) => idOf(points, row))).toEqual(['7', '400', '999999']);
    expect([...ranks.rank]).toEqual([1, 4, 3]);
    expect(ranks.known).toBe(COUNTED);
    expect(bars?.counts.length).toBe(64);
    expect([bars?.lo, bars?.hi]).toEqual([-8, 8]);
    expect(note).toMatch(
      /^3 of 1,000,000 points are in this copy: the 1 lowest, .* others\. Ranks and the distribution/
    );
  });

  it('shows of the lowest twentieth those that are here', () => {
    const { points } = read(partOf(1000, [1, 2, 3], [0, 100, 101]));
    // 2,016 values are counted: the lowest 5 % are 101 of them
    expect([...derive(points, togglePreset(INITIAL, 'lowest'), null, false).order].sort()).toEqual([0, 1]);
  });

  it('without rows is a summary in words and charts', () => {
    const { points, note } = read(partOf(5000, [], []));
    expect(points.n).toBe(0);
    expect(points.whole?.n).toBe(5000);
    expect(note).toContain('no single points');
    expect(derive(points, INITIAL, null, false).histogram?.known).toBe(COUNTED);
  });

  it('has no distribution where no value was known', () => {
    const none = { lo: null, hi: null, counts: [0, 0] };
    expect(read(partOf(9, [], [], { histogram: none })).points.whole?.histogram).toBeNull();
  });

  it('draws one bar where all values are the same', () => {
    const { whole } = read(partOf(9, [], [], { histogram: { lo: 2, hi: 2, counts: [9, 0, 0] } })).points;
    expect([...whole!.histogram!.counts]).toEqual([9]);
    expect(whole!.histogram!.lo).toBeLessThan(2);
  });

  it('keeps the outermost point inside the distribution', () => {
    const copy = part();
    const { value } = read(copy).points;
    const narrow = { ...copy, histogram: { lo: 0, hi: 0.01, counts: [1, 1] } };
    const { lo, hi } = read(narrow).points.whole!.histogram!;
    expect([Math.min(0, ...value), Math.max(0.01, ...value)]).toEqual([lo, hi]);
  });
});

describe('previews', () => {
  const pictures = (rows: number[], bytes = 64 * rows.length) => [
    {
      content: {
        v: 1,
        t: 'previews',
        request: null,
        rows,
        kind: 'image',
        pixels: { b: 0, d: 'u1', n: bytes },
      },
      buffers: [base64(new Uint8Array(bytes).fill(9))],
    },
  ];

  it('are there for the rows that have one', () => {
    const { previews, points } = read(copyOf({}, { top: { more: pictures([3, 0]) } }));
    expect([...previews.keys()]).toEqual([3, 0]);
    expect((previews.get(3) as Uint8Array).length).toBe(64);
    expect(points.preview.kind).toBe('image');
  });

  it('are no column where none came', () => {
    expect(read(copyOf()).points.preview.kind).toBe('none');
  });

  it('may be texts', () => {
    const content = { v: 1, t: 'previews', request: null, rows: [1], kind: 'text', texts: ['<b>hi</b>'] };
    const copy = copyOf({ kind: 'text' }, { top: { more: [{ content, buffers: [] }] } });
    expect(read(copy).previews.get(1)).toBe('<b>hi</b>');
  });

  it.each([
    ['of a row that is not there', pictures([30])],
    ['with other pixels than announced', pictures([1], 65)],
    ['of another kind', [{ content: { rows: [], kind: 'text', texts: [] }, buffers: [] }]],
  ])('%s are refused', (_, more) => {
    expect(() => read(copyOf({}, { top: { more } }))).toThrow('do not fit its 30 points');
  });

  it('as large as they say are never made: the pixels decide', () => {
    const preview = { kind: 'image', width: 1e9, height: 1e9, channels: 3 };
    expect(() => read(copyOf({}, { content: { preview }, top: { more: pictures([1]) } }))).toThrow(
      'do not fit'
    );
    const flat = { kind: 'image', width: 0, height: 8, channels: 1 };
    expect(() => read(copyOf({}, { content: { preview: flat }, top: { more: pictures([1], 0) } }))).toThrow(
      'do not fit'
    );
  });
});

const huge = { b: 0, d: 'f4', n: 1e12 };
const nested = '['.repeat(200_000) + ']'.repeat(200_000);
const damaged: [string, () => string, RegExp][] = [
  ['cut off', () => JSON.stringify(copyOf()).slice(0, 700), /damaged or cut off/],
  ['empty', () => '', /damaged or cut off/],
  ['a list', () => '[]', /should be an object; it is a list/],
  ['deeply nested', () => nested, /damaged or cut off|should be an object/],
  [
    'deeply nested where a number is wanted',
    () => JSON.stringify(copyOf({}, { content: { n: 'N' } })).replace('"N"', nested),
    /damaged|n should be a whole number; it is a list/,
  ],
  ['of another format', () => JSON.stringify(copyOf({}, { top: { format: 'x' } })), /of format "x"/],
  ['of a newer version', () => JSON.stringify(copyOf({}, { top: { v: 2 } })), /version 2.*newer dvlwidgets/],
  [
    'of an unknown level',
    () => JSON.stringify(copyOf({}, { top: { share: 'all' } })),
    /sharing level is "all"/,
  ],
  [
    'of more points than there are',
    () => JSON.stringify(copyOf({}, { top: { manifest: { n_total: 3, sampling: '' } } })),
    /30 points of a data set of 3/,
  ],
  [
    'of a trillion points',
    () =>
      JSON.stringify(
        copyOf({}, { content: { n: 1e12, value: huge }, top: { manifest: { n_total: 1e12, sampling: '' } } })
      ),
    /bytes; 1000000000000 numbers/,
  ],
  [
    'with a negative size',
    () => JSON.stringify(copyOf({}, { content: { n: -1 } })),
    /n should be a whole number/,
  ],
  ['without ranks', () => JSON.stringify({ ...part(), ranks: null }), /ranks should be an object/],
  [
    'with a position that is not there',
    () => JSON.stringify(partOf(100, [7, 100], [0, 1])),
    /among positions/,
  ],
  ['with a rank that is not there', () => JSON.stringify(partOf(100, [7, 9], [0, 4e9])), /among ranks/],
  [
    'with a broken buffer',
    () => JSON.stringify(copyOf()).replace('"buffers":["', '"buffers":["*'),
    /Buffer 0 .* not base64/,
  ],
  [
    'with a buffer that is no text',
    () => JSON.stringify({ ...copyOf(), frame: { ...(copyOf().frame as Json), buffers: [{}] } }),
    /names buffer|bytes; |not base64/,
  ],
  [
    'with a histogram the wrong way round',
    () => JSON.stringify({ ...part(), histogram: { lo: 3, hi: -3, counts: [1] } }),
    /goes from 3 to -3/,
  ],
  [
    'with a histogram of nothing',
    () => JSON.stringify({ ...part(), histogram: { lo: 0, hi: 3, counts: [] } }),
    /in 0 bars/,
  ],
  [
    'with a million bars',
    () => JSON.stringify({ ...part(), histogram: { lo: 0, hi: 3, counts: Array(1e6).fill(1) } }),
    /in 1000000 bars/,
  ],
  [
    'with a million features',
    () =>
      JSON.stringify(
        copyOf({}, { content: { features: Array(1e5).fill({ name: 'a', values: copyFeature() }) } })
      ),
    /100000 features/,
  ],
  [
    'with an object for a status',
    () => JSON.stringify(copyOf({}, { content: { status: { ...status(), announcement: { toString: 1 } } } })),
    /announcement of the status/,
  ],
];

function status(): Json {
  return (copyOf().frame as { content: { status: Json } }).content.status;
}

function copyFeature(): unknown {
  return (copyOf().frame as { content: { features: { values: unknown }[] } }).content.features[0]!.values;
}

describe('a copy that is', () => {
  it.each(damaged)('%s is refused in a sentence', (_, make, words) => {
    expect(() => readSnapshot(make())).toThrow(words);
    expect(() => readSnapshot(make())).toThrow(expect.objectContaining({ name: 'WireError' }) as Error);
  });
});
