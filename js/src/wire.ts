/**
 * The wire between Python and the page, version 1: JSON header and binary buffers in, typed messages out.
 *
 * Mirror of `dvlwidgets/widgets/{wire,unwire}.py`; both sides read the frames in `tests/wire/`. Pure: no DOM, no comm.
 * What is not exactly as promised is refused with a sentence, never read past its end and never half applied.
 */

export const VERSION = 1;

export class WireError extends Error {
  override name = 'WireError';
}

export type RunState = 'pending' | 'running' | 'paused' | 'stopped' | 'finished' | 'failed';

export interface Status {
  state: RunState;
  /** Asked for, not yet reached. */
  pending: 'pause' | 'resume' | 'stop' | null;
  done: number;
  /** An upper bound for evaluations, exact for test points. */
  total: number | null;
  unit: string;
  seconds: number;
  left: number | null;
  certainty: number | null;
  target: number | null;
  completion: number;
  reason: string;
  failures: number;
  warnings: number;
  failure: string | null;
  announcement: string;
  error: string | null;
  /** Between helpful and harmful; null when the method has no such point. */
  threshold: number | null;
  unit_of_value: string;
}

export interface Edits {
  count: number;
  relabelled: number;
  dropped: number;
  undo: boolean;
  redo: boolean;
  path: string;
  saved: true;
}

/** [done, certainty, completion] at the end of a round. */
export type HistoryEntry = [number, number | null, number | null];

export interface ClassLabels {
  kind: 'class';
  classes: string[];
  codes: Uint16Array;
  original: Uint16Array;
}

export interface NumberLabels {
  kind: 'number';
  values: Float64Array;
  original: Float64Array;
}

export type Labels = ClassLabels | NumberLabels;

export interface Feature {
  name: string;
  values: Float32Array;
}

export type PreviewKind =
  | { kind: 'image'; width: number; height: number; channels: 1 | 3 }
  | { kind: 'text' }
  | { kind: 'none' };

export interface FullMessage {
  v: 1;
  t: 'full';
  seq: number;
  n: number;
  title: string;
  method: string;
  status: Status;
  history: HistoryEntry[];
  value: Float32Array;
  stderr: Float32Array;
  count: Uint32Array;
  converged: Uint8Array;
  baseline?: Float32Array;
  label: Labels | null;
  dropped: Uint8Array;
  ids: string[] | null;
  group: null;
  features: Feature[];
  features_left_out: number;
  preview: PreviewKind;
  edits: Edits;
  share: string;
}

export interface DeltaMessage {
  v: 1;
  t: 'delta';
  seq: number;
  base: number;
  rows: Uint32Array;
  value: Float32Array;
  stderr: Float32Array;
  /** `all`: every point of the data set now has this count. */
  count: Uint32Array | { all: number };
  converged: Uint8Array;
  status: Status;
  history_from: number;
  history: HistoryEntry[];
}

export interface StatusMessage {
  v: 1;
  t: 'status';
  seq: number;
  status: Status;
}

export interface EditsMessage {
  v: 1;
  t: 'edits';
  request: string | null;
  rows: number[];
  codes: number[] | null;
  numbers: (number | null)[] | null;
  dropped: number[];
  classes: string[] | null;
  edits: Edits;
}

export interface PreviewsMessage {
  v: 1;
  t: 'previews';
  request: string | null;
  rows: number[];
  kind: 'image' | 'text';
  pixels?: Uint8Array;
  texts?: string[];
}

export interface ErrorMessage {
  v: 1;
  t: 'error';
  request: string | null;
  message: string;
  where?: string;
}

export type Message =
  | FullMessage
  | DeltaMessage
  | StatusMessage
  | EditsMessage
  | PreviewsMessage
  | ErrorMessage;

/** What the page may ask of Python: named commands, no other. */
export type Command =
  | { t: 'hello'; have: number }
  | { t: 'ack'; seq: number }
  | { t: 'start' | 'pause' | 'resume' | 'stop' }
  | ({ t: 'relabel'; request: string; rows: number[] } & LabelChoice)
  | { t: 'drop'; request: string; rows: number[]; dropped: boolean }
  | { t: 'undo' | 'redo'; request: string }
  | { t: 'previews'; request: string; rows: number[] };

/** A class by its code, a class that is new, or a number. */
export type LabelChoice = { label: number } | { new: string } | { number: number };

export type Buffer = ArrayBuffer | ArrayBufferView;

const ARRAYS = {
  f4: Float32Array,
  f8: Float64Array,
  u4: Uint32Array,
  i4: Int32Array,
  u2: Uint16Array,
  u1: Uint8Array,
} as const;

type Code = keyof typeof ARRAYS;
type ArrayOf<C extends Code> = InstanceType<(typeof ARRAYS)[C]>;
type Json = Record<string, unknown>;

/** Turns one message into typed arrays and checks what its kind promises; throws WireError. */
export function decode(content: unknown, buffers: readonly Buffer[] = []): Message {
  const header = record(content, 'The message');
  if (header.v !== VERSION) {
    throw new WireError(
      `The message has version ${show(header.v)}; this page reads version ${VERSION}. Reload the page.`
    );
  }
  switch (header.t) {
    case 'full':
      return full(header, buffers);
    case 'delta':
      return delta(header, buffers);
    case 'status':
      return { v: 1, t: 'status', seq: integer(header, 'seq'), status: status(header.status) };
    case 'edits':
      return edited(header);
    case 'previews':
      return previews(header, buffers);
    case 'error':
      return {
        v: 1,
        t: 'error',
        request: textOrNull(header, 'request'),
        message: text(header, 'message'),
        ...(typeof header.where === 'string' ? { where: header.where } : {}),
      };
    default:
      throw new WireError(`The message is of kind ${show(header.t)}, which this page does not know.`);
  }
}

function full(m: Json, buffers: readonly Buffer[]): FullMessage {
  const n = integer(m, 'n');
  const column = <C extends Code>(key: string, code: C): ArrayOf<C> => array(m[key], code, buffers, n, key);
  const ids = m.ids === null ? null : list(m, 'ids').map(String);
  if (ids !== null && ids.length !== n) {
    throw new WireError(`${ids.length} ids came for ${n} points.`);
  }
  return {
    v: 1,
    t: 'full',
    seq: integer(m, 'seq'),
    n,
    title: text(m, 'title'),
    method: text(m, 'method'),
    status: status(m.status),
    history: history(m),
    value: column('value', 'f4'),
    stderr: column('stderr', 'f4'),
    count: column('count', 'u4'),
    converged: column('converged', 'u1'),
    ...(m.baseline === undefined ? {} : { baseline: column('baseline', 'f4') }),
    label: labels(m.label, buffers, n),
    dropped: column('dropped', 'u1'),
    ids,
    group: null,
    features: list(m, 'features').map((item) => {
      const feature = record(item, 'A feature');
      const name = text(feature, 'name');
      return { name, values: array(feature.values, 'f4', buffers, n, `feature ${name}`) };
    }),
    features_left_out: integer(m, 'features_left_out'),
    preview: previewKind(m.preview),
    edits: edits(m.edits),
    share: text(m, 'share'),
  };
}

function delta(m: Json, buffers: readonly Buffer[]): DeltaMessage {
  const rows = array(m.rows, 'u4', buffers, null, 'rows');
  const column = <C extends Code>(key: string, code: C): ArrayOf<C> =>
    array(m[key], code, buffers, rows.length, key);
  const count = record(m.count, 'count');
  return {
    v: 1,
    t: 'delta',
    seq: integer(m, 'seq'),
    base: integer(m, 'base'),
    rows,
    value: column('value', 'f4'),
    stderr: column('stderr', 'f4'),
    count: 'all' in count ? { all: integer(count, 'all') } : column('count', 'u4'),
    converged: column('converged', 'u1'),
    status: status(m.status),
    history_from: integer(m, 'history_from'),
    history: history(m),
  };
}

function edited(m: Json): EditsMessage {
  const rows = list(m, 'rows').map((row) => whole(row, 'a row'));
  const perRow = (key: string): unknown[] => {
    const items = list(m, key);
    if (items.length !== rows.length) {
      throw new WireError(`${key} should hold ${rows.length} entries, one a row; it has ${items.length}.`);
    }
    return items;
  };
  return {
    v: 1,
    t: 'edits',
    request: textOrNull(m, 'request'),
    rows,
    codes: m.codes === null ? null : perRow('codes').map((code) => whole(code, 'a code')),
    numbers: m.numbers === null ? null : perRow('numbers').map((x) => (typeof x === 'number' ? x : null)),
    dropped: perRow('dropped').map((flag) => (flag === true || flag === 1 ? 1 : 0)),
    classes: m.classes === null ? null : list(m, 'classes').map(String),
    edits: edits(m.edits),
  };
}

function previews(m: Json, buffers: readonly Buffer[]): PreviewsMessage {
  const rows = list(m, 'rows').map((row) => whole(row, 'a row'));
  const head = { v: 1, t: 'previews', request: textOrNull(m, 'request'), rows } as const;
  if (m.kind === 'text') {
    const texts = list(m, 'texts').map(String);
    if (texts.length !== rows.length) {
      throw new WireError(`${texts.length} texts came for ${rows.length} rows.`);
    }
    return { ...head, kind: 'text', texts };
  }
  if (m.kind !== 'image') {
    throw new WireError(`Previews are of kind ${show(m.kind)}; known are image and text.`);
  }
  const pixels = array(m.pixels, 'u1', buffers, null, 'pixels');
  if (rows.length === 0 ? pixels.length > 0 : pixels.length % rows.length !== 0) {
    throw new WireError(`${pixels.length} pixels cannot be divided among ${rows.length} rows.`);
  }
  return { ...head, kind: 'image', pixels };
}

function labels(item: unknown, buffers: readonly Buffer[], n: number): Labels | null {
  if (item === null) {
    return null;
  }
  const label = record(item, 'label');
  if (label.kind === 'number') {
    return {
      kind: 'number',
      values: array(label.values, 'f8', buffers, n, 'label values'),
      original: array(label.original, 'f8', buffers, n, 'original labels'),
    };
  }
  if (label.kind !== 'class') {
    throw new WireError(`Labels are of kind ${show(label.kind)}; known are class and number.`);
  }
  const classes = list(label, 'classes').map(String);
  const codes = array(label.codes, 'u2', buffers, n, 'label codes');
  const original = array(label.original, 'u2', buffers, n, 'original labels');
  for (const column of [codes, original]) {
    for (const code of column) {
      if (code >= classes.length) {
        throw new WireError(`A label has code ${code}, but there are ${classes.length} classes.`);
      }
    }
  }
  return { kind: 'class', classes, codes, original };
}

function previewKind(item: unknown): PreviewKind {
  const preview = record(item, 'preview');
  if (preview.kind === 'text' || preview.kind === 'none') {
    return { kind: preview.kind };
  }
  if (preview.kind !== 'image') {
    throw new WireError(`Previews are of kind ${show(preview.kind)}; known are image, text and none.`);
  }
  const channels = integer(preview, 'channels');
  if (channels !== 1 && channels !== 3) {
    throw new WireError(`An image preview has ${channels} channels; 1 or 3 are drawn.`);
  }
  return { kind: 'image', width: integer(preview, 'width'), height: integer(preview, 'height'), channels };
}

const STATES: readonly string[] = ['pending', 'running', 'paused', 'stopped', 'finished', 'failed'];

function status(item: unknown): Status {
  const s = record(item, 'status');
  if (typeof s.state !== 'string' || !STATES.includes(s.state)) {
    throw new WireError(`The run's state is ${show(s.state)}; known are ${STATES.join(', ')}.`);
  }
  return {
    ...(s as unknown as Status),
    done: integer(s, 'done'),
    reason: text(s, 'reason'),
    unit: text(s, 'unit'),
  };
}

function edits(item: unknown): Edits {
  const e = record(item, 'edits');
  return { ...(e as unknown as Edits), count: integer(e, 'count') };
}

function history(m: Json): HistoryEntry[] {
  return list(m, 'history').map((item) => {
    if (!Array.isArray(item) || typeof item[0] !== 'number') {
      throw new WireError('An entry of the history should be [done, certainty, completion].');
    }
    const part = (x: unknown): number | null => (typeof x === 'number' ? x : null);
    return [item[0], part(item[1]), part(item[2])];
  });
}

function array<C extends Code>(
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
    throw new WireError(`${name} names buffer ${index}, but ${buffers.length} came.`);
  }
  if (ref.d !== code) {
    throw new WireError(`${name} has type ${show(ref.d)}; ${code} was promised.`);
  }
  if (n !== null && length !== n) {
    throw new WireError(`${name} should hold ${n} numbers; it has ${length}.`);
  }
  const make = ARRAYS[code];
  if (buffer.byteLength !== length * make.BYTES_PER_ELEMENT) {
    throw new WireError(
      `${name} has ${buffer.byteLength} bytes; ${length} numbers of type ${code} were announced.`
    );
  }
  // A copy: the comm's view may start at any byte, and typed arrays insist on alignment.
  const start = buffer instanceof ArrayBuffer ? 0 : buffer.byteOffset;
  const raw = buffer instanceof ArrayBuffer ? buffer : buffer.buffer;
  return new make(raw.slice(start, start + buffer.byteLength) as ArrayBuffer) as ArrayOf<C>;
}

function record(item: unknown, name: string): Json {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    throw new WireError(`${name} should be an object; it is ${show(item)}.`);
  }
  return item as Json;
}

function list(m: Json, key: string): unknown[] {
  const item = m[key];
  if (!Array.isArray(item)) {
    throw new WireError(`${key} should be a list; it is ${show(item)}.`);
  }
  return item as unknown[];
}

function text(m: Json, key: string): string {
  const item = m[key];
  if (typeof item !== 'string') {
    throw new WireError(`${key} should be text; it is ${show(item)}.`);
  }
  return item;
}

function textOrNull(m: Json, key: string): string | null {
  return m[key] === null || m[key] === undefined ? null : text(m, key);
}

function integer(m: Json, key: string): number {
  return whole(m[key], key);
}

function whole(item: unknown, name: string): number {
  if (typeof item !== 'number' || !Number.isInteger(item) || item < 0) {
    throw new WireError(`${name} should be a whole number; it is ${show(item)}.`);
  }
  return item;
}

function show(item: unknown): string {
  return item === undefined ? 'missing' : JSON.stringify(item).slice(0, 60);
}
