/**
 * Reads the pieces of a message and refuses, with a sentence, what is not as promised. Pure.
 *
 * Every text comes in here, and is made fit to be shown: what displays it need not think of it.
 */

import { shown } from './shown';

export class WireError extends Error {
  override name = 'WireError';
}

/** Says why a message is not taken. */
export function refuse(words: string): never {
  throw new WireError(words);
}

export type Buffer = ArrayBuffer | ArrayBufferView;

const ARRAYS = {
  f4: Float32Array,
  f8: Float64Array,
  u4: Uint32Array,
  i4: Int32Array,
  u2: Uint16Array,
  u1: Uint8Array,
} as const;

export type Code = keyof typeof ARRAYS;
export type ArrayOf<C extends Code> = InstanceType<(typeof ARRAYS)[C]>;
export type Json = Record<string, unknown>;

export function array<C extends Code>(
  item: unknown,
  code: C,
  buffers: readonly Buffer[],
  n: number | null,
  name: string
): ArrayOf<C> {
  const ref = record(item, name);
  const index = integer(ref, 'b');
  const length = integer(ref, 'n');
  const buffer = buffers[index];
  if (buffer === undefined) {
    refuse(`${name} names buffer ${index}, but ${buffers.length} came.`);
  }
  if (ref.d !== code) {
    refuse(`${name} has type ${show(ref.d)}; ${code} was promised.`);
  }
  if (n !== null && length !== n) {
    refuse(`${name} should hold ${n} numbers; it has ${length}.`);
  }
  const make = ARRAYS[code];
  if (buffer.byteLength !== length * make.BYTES_PER_ELEMENT) {
    refuse(`${name} has ${buffer.byteLength} bytes; ${length} numbers of type ${code} were announced.`);
  }
  // A copy: the comm's view may start at any byte, and typed arrays insist on alignment.
  const start = buffer instanceof ArrayBuffer ? 0 : buffer.byteOffset;
  const raw = buffer instanceof ArrayBuffer ? buffer : buffer.buffer;
  return new make(raw.slice(start, start + buffer.byteLength) as ArrayBuffer) as ArrayOf<C>;
}

export function record(item: unknown, name: string): Json {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    refuse(`${name} should be an object; it is ${show(item)}.`);
  }
  return item as Json;
}

/** What an object holds by any names, e.g. those of columns; `read` is given it with each of them. */
export function each<V>(m: Json, key: string, read: (all: Json, name: string) => V): Record<string, V> {
  const all = record(m[key], key);
  return Object.fromEntries(Object.keys(all).map((name) => [words(name, key), read(all, name)]));
}

export function list(m: Json, key: string): unknown[] {
  const item = m[key];
  if (!Array.isArray(item)) {
    refuse(`${key} should be a list; it is ${show(item)}.`);
  }
  return item as unknown[];
}

export function text(m: Json, key: string): string {
  return words(m[key], key);
}

/** A list of names, or of texts that may have `lines`. */
export function texts(m: Json, key: string, lines = false): string[] {
  return list(m, key).map((item) => words(item, `One of the ${key}`, lines));
}

/** A text as it may be shown. */
export function words(item: unknown, name: string, lines = false): string {
  if (typeof item !== 'string') {
    refuse(`${name} should be text; it is ${show(item)}.`);
  }
  return shown(item, lines);
}

export function textOrNull(m: Json, key: string): string | null {
  return m[key] === null || m[key] === undefined ? null : text(m, key);
}

export function integer(m: Json, key: string): number {
  return whole(m[key], key);
}

export function whole(item: unknown, name: string): number {
  if (typeof item !== 'number' || !Number.isInteger(item) || item < 0) {
    refuse(`${name} should be a whole number; it is ${show(item)}.`);
  }
  return item;
}

export function show(item: unknown): string {
  if (typeof item === 'object' && item !== null) {
    return Array.isArray(item) ? 'a list' : 'an object'; // which may be as large and as deep as it likes
  }
  return item === undefined ? 'missing' : shown(JSON.stringify(item).slice(0, 60));
}
