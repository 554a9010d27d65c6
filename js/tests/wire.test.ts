import { describe, expect, it } from 'vitest';

import { decode, WireError } from '../src/wire';
import { buffersOf, goldensOf, plain } from './goldens';

const goldens = goldensOf('');

describe('golden frames', () => {
  it('are there: every kind of message, good and bad', () => {
    const kinds = new Set(goldens.filter((g) => g.refuse === undefined).map((g) => g.content.t));
    expect([...kinds].sort()).toEqual(['delta', 'edits', 'error', 'full', 'previews', 'status']);
    expect(goldens.filter((g) => g.refuse !== undefined).length).toBeGreaterThanOrEqual(5);
  });

  it.each(goldens.filter((g) => g.refuse === undefined))('$name decodes as Python says', (golden) => {
    expect(plain(decode(golden.content, buffersOf(golden)))).toEqual(golden.expect);
  });

  it.each(goldens.filter((g) => g.refuse !== undefined))('$name is refused: $refuse', (golden) => {
    expect(() => decode(golden.content, buffersOf(golden))).toThrow(WireError);
  });
});

describe('decode', () => {
  const good = goldens.find((g) => g.name === 'full_class')!;
  const broken: [string, Record<string, unknown>, RegExp][] = [
    ['a missing column', { value: undefined }, /value should be an object; it is missing/],
    ['an array of another type', { value: { b: 0, d: 'u4', n: 6 } }, /value has type "u4"; f4 was promised/],
    ['a buffer that did not come', { value: { b: 99, d: 'f4', n: 6 } }, /buffer 99, but 9 came/],
    ['a negative buffer', { value: { b: -1, d: 'f4', n: 6 } }, /b should be a whole number; it is -1/],
    ['a state nobody knows', { status: { state: 'asleep' } }, /"asleep"; known are pending/],
    ['a title that is no text', { title: 3 }, /title should be text; it is 3/],
    ['ids for other points', { ids: ['a'] }, /1 ids came for 6 points/],
    ['an entry of history without a number', { history: [['x']] }, /entry of the history/],
    [
      'a preview of four channels',
      { preview: { kind: 'image', width: 1, height: 1, channels: 4 } },
      /4 channels/,
    ],
  ];
  it.each(broken)('refuses %s in a sentence', (_, change, sentence) => {
    expect(() => decode({ ...good.content, ...change }, buffersOf(good))).toThrow(sentence);
  });

  it('refuses what is no object', () => {
    expect(() => decode('hello')).toThrow('The message should be an object; it is "hello".');
    expect(() => decode(null)).toThrow(WireError);
  });

  it('copies: the comm may re-use its memory', () => {
    const buffers = buffersOf(good);
    const message = decode(good.content, buffers);
    new Uint8Array(buffers[0]!.buffer).fill(0);
    expect(message.t === 'full' && message.value[1]).toBe(-1.5);
  });
});
