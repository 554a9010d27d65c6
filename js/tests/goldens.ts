/** The golden frames that Python writes, as the comm delivers them. */

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Golden {
  name: string;
  content: Record<string, unknown>;
  buffers: string[];
  expect?: unknown;
  refuse?: string;
}

/** Frames of a folder below `tests/wire`. */
export function goldensOf(folder: string): Golden[] {
  const path = fileURLToPath(new URL(`../../tests/wire/${folder}`, import.meta.url));
  return readdirSync(path)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(path + file, 'utf8')) as Golden);
}

/** As the comm delivers them: views that begin at an odd byte of a larger buffer. */
export function buffersOf(golden: Golden): DataView[] {
  return golden.buffers.map((text) => {
    const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
    const padded = new Uint8Array(bytes.length + 8).fill(0xaa);
    padded.set(bytes, 3);
    return new DataView(padded.buffer, 3, bytes.length);
  });
}

/** Arrays to lists, NaN to null: what the golden files hold. */
export function plain(item: unknown): unknown {
  if (ArrayBuffer.isView(item)) {
    return Array.from(item as unknown as ArrayLike<number>, (x) => (Number.isFinite(x) ? x : null));
  }
  if (Array.isArray(item)) {
    return item.map(plain);
  }
  if (typeof item === 'object' && item !== null) {
    return Object.fromEntries(Object.entries(item).map(([key, part]) => [key, plain(part)]));
  }
  return item;
}
