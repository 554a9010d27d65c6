/**
 * Reads the payload of a shared copy: a full frame of the points that are in it, and what is known of all points.
 *
 * Pure, and the only place that trusts nothing: a copy may come from anybody. What is not as it should be is refused
 * with a sentence, before anything of the announced size is made. `tests/wire/snapshot` holds what Python writes.
 */

import { extent, type Histogram } from './histogram';
import { count } from './format';
import { full, previews } from './frames';
import { eachPreview, fromFull, type Points, type Whole } from './points';
import { array, integer, list, record, show, text, whole, refuse, type Buffer, type Json } from './read';
import type { Preview } from './source';
import type { FullMessage } from './wire';
import { noteOf, Say } from './words';

export const FORMAT = 'dvlwidgets-snapshot';
export const VERSION = 1;
const LEVELS: readonly unknown[] = ['summary', 'values', 'values+text', 'full'];
/** So many features and bars are shown at most. */
const MAX_PARTS = 2000;

export interface Snapshot {
  readonly points: Points;
  readonly previews: ReadonlyMap<number, Preview>;
  /** How much of the data is here, in a sentence; empty where all of it is. */
  readonly note: string;
}

/** Reads the text of a payload; throws WireError. */
export function readSnapshot(payload: string): Snapshot {
  const saved = record(parse(payload), 'The copy');
  if (saved.format !== FORMAT) {
    refuse(`The data are of format ${show(saved.format)}; this page reads ${FORMAT}.`);
  }
  if (saved.v !== VERSION) {
    refuse(
      `The copy has version ${show(saved.v)}; this page reads version ${VERSION}. A newer dvlwidgets wrote it.`
    );
  }
  if (!LEVELS.includes(saved.share)) {
    refuse(`The sharing level is ${show(saved.share)}; known are ${LEVELS.join(', ')}.`);
  }
  const manifest = record(saved.manifest, 'The manifest');
  const frame = record(saved.frame, 'The frame');
  const buffers = buffersOf(frame);
  const message = full(record(frame.content, 'The frame'), buffers);
  if (message.features.length > MAX_PARTS) {
    refuse(`The copy has ${message.features.length} features; ${MAX_PARTS} can be shown.`);
  }
  const rest = wholeOf(saved, manifest, message, buffers);
  const held = heldPreviews(saved, message);
  const preview = held.size > 0 ? message.preview : ({ kind: 'none' } as const);
  const share = `${saved.share as string} (${message.share})`;
  return {
    points: { ...fromFull({ ...message, preview, share }), whole: rest, marks: marksOf(saved, rest) },
    previews: held,
    note: noteOf(rest, message.n, held.size, text(manifest, 'sampling')),
  };
}

function parse(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    refuse('The copy is damaged or cut off: its data are not JSON.');
  }
}

function buffersOf(frame: Json): Buffer[] {
  return list(frame, 'buffers').map((item, i) => {
    try {
      return Uint8Array.from(atob(item as string), (letter) => letter.charCodeAt(0));
    } catch {
      refuse(`Buffer ${i} of the copy is damaged: it is not base64.`);
    }
  });
}

function heldPreviews(saved: Json, { n, preview }: FullMessage): Map<number, Preview> {
  const held = new Map<number, Preview>();
  const size = preview.kind === 'image' ? preview.width * preview.height * preview.channels : 0;
  for (const item of list(saved, 'more')) {
    const frame = record(item, 'A saved preview');
    const message = previews(record(frame.content, 'A saved preview'), buffersOf(frame));
    const { kind, pixels, rows } = message;
    // a picture is as large as its pixels, not as large as it says
    const fits = kind === 'text' || (size > 0 && pixels!.length === size * rows.length);
    if (kind !== preview.kind || !fits || rows.some((row) => row >= n)) {
      refuse(`The previews of the copy do not fit its ${count(n)} points.`);
    }
    eachPreview(message, (row, shown) => held.set(row, shown));
  }
  return held;
}

/** Flags and comments, by row: they change nothing in the data, so only the list of edits tells them. */
function marksOf({ edits }: Json, rest: Whole | null): Map<number, string> {
  const marks = new Map<number, string>();
  for (const item of edits == null ? [] : list(record(edits, 'edits'), 'edits')) {
    const edit = record(item, 'edits');
    if (edit.field === 'flag' || edit.field === 'note') {
      const at = integer(edit, 'position');
      const row = rest === null ? at : rest.positions.indexOf(at);
      const said = edit.field === 'flag' ? Say.flagged : text(edit, 'new');
      marks.set(row, [marks.get(row), said].filter(Boolean).join(': '));
    }
  }
  return marks;
}

function wholeOf(
  saved: Json,
  manifest: Json,
  message: FullMessage,
  buffers: readonly Buffer[]
): Whole | null {
  const total = integer(manifest, 'n_total');
  const { n } = message;
  if (n > total) {
    refuse(`The copy has ${count(n)} points of a data set of ${count(total)}.`);
  }
  if (n === total) {
    return null;
  }
  const below = (key: 'positions' | 'ranks'): Uint32Array => {
    const found = n === 0 ? new Uint32Array() : array(saved[key], 'u4', buffers, n, key);
    if (found.some((number) => number >= total)) {
      refuse(`A point has a number among ${key} that is not below ${count(total)}.`);
    }
    return found;
  };
  const histogram =
    saved.histogram === null ? null : histogramOf(record(saved.histogram, 'histogram'), message);
  const known = histogram?.known ?? 0;
  return { n: total, known, positions: below('positions'), ranks: below('ranks'), histogram };
}

function histogramOf(m: Json, { value }: FullMessage): Histogram | null {
  if (m.lo === null && m.hi === null) {
    return null; // no value was known
  }
  const bars = list(m, 'counts');
  const [from, to] = [m.lo, m.hi];
  if (
    typeof from !== 'number' ||
    typeof to !== 'number' ||
    !(from <= to) ||
    bars.length === 0 ||
    bars.length > MAX_PARTS
  ) {
    refuse(`The histogram goes from ${show(from)} to ${show(to)} in ${bars.length} bars.`);
  }
  let counts = Uint32Array.from(bars, (k) => whole(k, 'a count'));
  const known = counts.reduce((sum, k) => sum + k, 0);
  // the points' values are rounded: the outermost must not fall off
  let [lo, hi] = extent([from, to, ...(extent(value) ?? [])])!;
  if (lo === hi) {
    const half = Math.abs(lo) * 0.05 || 0.5;
    [lo, hi] = [lo - half, hi + half];
    counts = Uint32Array.of(known);
  }
  return { lo, hi, width: (hi - lo) / counts.length, counts, known };
}
