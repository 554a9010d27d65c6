/** Payloads of shared copies as Python writes them, made from the harness's frames. */

import { full, makeRun, type FakeRun } from './harness/frames.mjs';

type Json = Record<string, unknown>;

export const base64 = (view: ArrayBufferView): string =>
  Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64');

/** A copy of all points of a run; `content` changes its frame, `top` the payload. */
export function copyOf(
  options: Record<string, string | number> = {},
  { content = {}, top = {}, run = makeRun({ n: 30, state: 'finished', ...options }) }: Change = {}
): Json {
  const [frame, buffers] = full(run, 0);
  return {
    format: 'dvlwidgets-snapshot',
    v: 1,
    kind: 'valuation',
    share: 'values',
    manifest: { n_total: run.n, n_embedded: run.n, sampling: 'all points' },
    positions: null,
    ranks: null,
    histogram: null,
    frame: { content: { ...frame, ...content }, buffers: buffers.map(base64) },
    more: [],
    edits: null,
    ...top,
  };
}

export interface Change {
  content?: Json;
  top?: Json;
  run?: FakeRun;
}

/** A copy of some points of a data set of `total`: the positions and ranks are those given. */
export function partOf(total: number, positions: number[], ranks: number[], top: Json = {}): Json {
  const copy = copyOf({ n: positions.length || 1 });
  const frame = copy.frame as { content: Json; buffers: string[] };
  if (positions.length === 0) {
    return { ...emptied(copy), manifest: manifest(total, 0), histogram: HISTOGRAM, ...top };
  }
  const b = frame.buffers.length;
  const ref = (i: number) => ({ b: b + i, d: 'u4', n: positions.length });
  const buffers = [...frame.buffers, base64(Uint32Array.from(positions)), base64(Uint32Array.from(ranks))];
  return {
    ...copy,
    frame: { content: frame.content, buffers },
    manifest: manifest(total, positions.length),
    positions: ref(0),
    ranks: ref(1),
    histogram: HISTOGRAM,
    ...top,
  };
}

export const HISTOGRAM = { lo: -8, hi: 8, counts: Array.from({ length: 64 }, (_, i) => i) };
/** How many values that histogram counts. */
export const COUNTED = (64 * 63) / 2;

function manifest(total: number, here: number): Json {
  const sampling = here === 0 ? 'no single points' : 'the 1 lowest, the 1 highest and 1 of the others';
  return { n_total: total, n_embedded: here, sampling };
}

function emptied(copy: Json): Json {
  const frame = copy.frame as { content: Json };
  const none = (d: string) => ({ b: 0, d, n: 0 });
  const content = {
    ...frame.content,
    n: 0,
    value: none('f4'),
    stderr: none('f4'),
    count: none('u4'),
    converged: none('u1'),
    dropped: none('u1'),
    label: null,
    features: [],
    preview: { kind: 'none' },
  };
  return { ...copy, share: 'summary', frame: { content, buffers: [''] } };
}
