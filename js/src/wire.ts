/**
 * The wire between Python and the page, version 1: JSON header and binary buffers in, typed messages out.
 *
 * Mirror of `dvlwidgets/widgets/{wire,unwire}.py`; both sides read the frames in `tests/wire/`. Pure: no DOM, no comm.
 * What is not exactly as promised is refused with a sentence, never read past its end and never half applied.
 */

import { edits, full, history, previews, status } from './frames';
import {
  array,
  integer,
  list,
  record,
  show,
  text,
  textOrNull,
  texts,
  whole,
  words,
  WireError,
  type ArrayOf,
  type Buffer,
  type Code,
  type Json,
} from './read';

export { WireError, type Buffer } from './read';

export const VERSION = 1;

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
  /** Told to a live panel. */
  flagged?: number | undefined;
  noted?: number | undefined;
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
  { kind: 'image'; width: number; height: number; channels: 1 | 3 } | { kind: 'text' } | { kind: 'none' };

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
  /** What the values are called; "value" where it is not said. */
  value_name?: string;
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

/** For a part of the panel, which checks what is in it. */
export interface PartOfPanel {
  v: 1;
  t: 'part';
  part: string;
  request: string | null;
  kind: string;
  body: Json;
  buffers: readonly Buffer[];
}

export type Message =
  FullMessage | DeltaMessage | StatusMessage | EditsMessage | PreviewsMessage | PartOfPanel | ErrorMessage;

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
    case 'part':
      return {
        v: 1,
        t: 'part',
        part: text(header, 'part'),
        request: textOrNull(header, 'request'),
        kind: text(header, 'kind'),
        body: header,
        buffers,
      };
    case 'error':
      return {
        v: 1,
        t: 'error',
        request: textOrNull(header, 'request'),
        message: words(header.message, 'message', true),
        ...(typeof header.where === 'string' ? { where: header.where } : {}),
      };
    default:
      throw new WireError(`The message is of kind ${show(header.t)}, which this page does not know.`);
  }
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
    classes: m.classes === null ? null : texts(m, 'classes'),
    edits: edits(m.edits),
  };
}
