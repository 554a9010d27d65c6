// @vitest-environment jsdom

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { makeAround } from '../src/parts/around';
import { readAround } from '../src/parts/around/read';
import type { Hub, PartMessage, Sight } from '../src/parts/part';
import type { Json } from '../src/read';
import { INITIAL, type UiState } from '../src/state';
import { WORDS, worthOf } from '../src/parts/around/words';
import { NO_EDITS } from './make';

const EFFECTS: Json = {
  asked: 20,
  of: 50,
  k: 5,
  hurt: 3,
  helped: 9,
  mean: -0.0123,
  rank: 2,
  points: 40,
  own: false,
  numeric: false,
  rows: [4, 9],
  ids: ['four', 'nine'],
  labels: ['cat', '<b>dog</b>'],
  worth: [-0.25, -0.5],
  preview: { kind: 'none' },
  texts: ['', ''],
  pixels: null,
};
const NEAR: Json = {
  rows: [2, 1],
  preview: { kind: 'text' },
  texts: ['a line', 'b\u202e'],
  pixels: null,
};

function message(body: Json = {}): PartMessage {
  const told = { row: 0, near: NEAR, effects: EFFECTS, why: '', ...body };
  return { part: 'around', request: null, kind: 'point', body: told, buffers: [] };
}

it('reads what lies around a point, and makes its texts fit to be shown', () => {
  const { row, near, effects } = readAround(message());
  expect([row, near!.rows, near!.previews[0]]).toEqual([0, [2, 1], 'a line']);
  expect(near!.previews[1]).not.toContain('\u202e');
  expect([effects!.ids, effects!.worth, effects!.rank]).toEqual([['four', 'nine'], [-0.25, -0.5], 2]);
  expect(readAround(message({ near: null, effects: null, why: 'too many' })).why).toBe('too many');
  const pixels = new DataView(Uint8Array.from([1, 2, 3, 4]).buffer);
  const image = { rows: [0, 1], preview: { kind: 'image', width: 2, height: 1, channels: 1 }, texts: null };
  const shown = readAround({
    ...message({ near: { ...image, pixels: { b: 0, d: 'u1', n: 4 } } }),
    buffers: [pixels],
  });
  expect(shown.near!.previews.map((one) => [...(one as Uint8Array)])).toEqual([
    [1, 2],
    [3, 4],
  ]);
});

it('refuses what is not as promised', () => {
  const near = (more: Json) => () => readAround(message({ near: { ...NEAR, ...more } }));
  expect(near({ texts: ['one'] })).toThrow('something else');
  expect(near({ preview: { kind: 'image', width: 1, height: 1, channels: 1 } })).toThrow('something else');
  expect(() => readAround(message({ effects: { ...EFFECTS, ids: ['four'] } }))).toThrow('something else');
  expect(() => readAround(message({ effects: { ...EFFECTS, worth: [1, null] } }))).toThrow('a number');
});

function mounted(room = 'wide') {
  let hear: (message: PartMessage) => void = () => undefined;
  let state: UiState = INITIAL;
  const source = {
    ask: vi.fn<(...command: unknown[]) => string>(() => 'r'),
    complain: vi.fn(),
    hear: (_: string, listener: typeof hear) => {
      hear = listener;
      return () => undefined;
    },
  };
  const desk = { state: () => state, set: (now: UiState) => (state = now), reveal: vi.fn() };
  const part = makeAround({ source, desk } as unknown as Hub);
  const panel = document.body.appendChild(document.createElement('div'));
  panel.className = 'panel';
  panel.dataset.room = room;
  panel.append(...part.detail!);
  const label = { kind: 'class', classes: ['cat', 'dog'], codes: [0, 1, 0, 1] };
  const points = { n: 4, ids: null, label, edits: NO_EDITS, whole: null };
  const at = (id: string): HTMLElement => panel.querySelector<HTMLElement>(`[data-testid="${id}"]`)!;
  const paint = (more: Json = {}): void =>
    part.paint!({ points: { ...points, ...more }, state, focus: 0 } as unknown as Sight);
  return { source, desk, part, at, paint, hear: (one: PartMessage) => hear(one), state: () => state };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('asks once for each point that the focus rests on and for each edit, and not in a closed column', () => {
  const { source, paint } = mounted();
  paint();
  paint();
  vi.advanceTimersByTime(1000);
  expect(source.ask.mock.calls).toEqual([['around', { do: 'look', row: 0 }]]);
  paint({ edits: { ...NO_EDITS, relabelled: 1 } });
  vi.advanceTimersByTime(1000);
  expect(source.ask).toHaveBeenCalledTimes(2);
  const narrow = mounted('narrow');
  narrow.paint();
  vi.advanceTimersByTime(1000);
  expect(narrow.source.ask).not.toHaveBeenCalled();
});

it('shows the neighbours with their labels of now, and goes to one that is chosen', () => {
  const { at, paint, hear, desk, state } = mounted();
  paint();
  expect(at('around').hidden).toBe(true);
  hear(message());
  expect(at('around').hidden).toBe(false);
  expect(at('around-others').textContent).toBe('1 of 2 labelled otherwise');
  expect(at('around-near').textContent).toBe('a linecatb\\u202edog');
  at('around-near').querySelectorAll('button')[1]!.click();
  expect(state().focus).toBe(1);
  expect(desk.reveal).toHaveBeenCalledWith(1);
});

it('says what the point does to test points, as text', () => {
  const { at, paint, hear } = mounted();
  paint();
  hear(message());
  expect(at('around-hurt').textContent).toBe('four\u22120.25nine\u22120.5');
  expect(at('around-hurt').querySelectorAll('[role=img]')[1]!.getAttribute('title')).toBe(
    'Test point nine, labelled <b>dog</b>: \u22120.5'
  );
  expect(at('around-said').textContent).toBe('hurts 3, helps 9 of 20 test points');
  expect(at('around-rank').textContent).toBe('KNN-Shapley \u22120.012, rank 2 of 40');
  hear(message({ effects: { ...EFFECTS, own: true, rows: [], ids: [], labels: [], worth: [], texts: [] } }));
  expect(at('around-said').textContent).toBe('None of 20 test points.');
  expect([at('around-rank').hidden, at('around-hurt').hidden]).toEqual([true, true]);
  hear(message({ effects: null, why: 'The valuation has no test points of its own.' }));
  expect(at('around-why').textContent).toBe('The valuation has no test points of its own.');
  hear(message({ near: null, effects: null, why: 'no distances' }));
  expect(at('around').hidden).toBe(false);
  expect(at('around-others').textContent).toBe('no distances');
  expect(at('around-near').hidden).toBe(true);
  hear(message({ near: { ...NEAR, rows: [], texts: null, pixels: null }, effects: null, why: '' }));
  expect(at('around').hidden).toBe(true);
});

it('hides what is told of another point, and complains of nonsense', () => {
  const { at, paint, hear, source } = mounted();
  paint();
  hear(message({ row: 3 }));
  expect(at('around').classList.contains('stale')).toBe(true);
  hear(message());
  expect(at('around').classList.contains('stale')).toBe(false);
  hear(message({ near: 'x' }));
  expect(source.complain).toHaveBeenCalledOnce();
});

it('groups the digits of squared errors, and says what they are', () => {
  expect([-2327761, -2172, 0.036].map(worthOf)).toEqual(['\u22122,330,000', '\u22122,170', '0.036']);
  const numeric = readAround(message({ effects: { ...(EFFECTS as object), numeric: true } })).effects!;
  expect(WORDS.rankTip(numeric)).toContain('of minus the squared error');
});
