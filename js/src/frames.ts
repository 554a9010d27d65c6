/** The parts of messages that a saved page holds as well: full frames and previews. Pure. */

import { LIVE } from './here';
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
  refuse,
  type ArrayOf,
  type Buffer,
  type Code,
  type Json,
} from './read';
import { shown } from './shown';
import type {
  Edits,
  Feature,
  FullMessage,
  HistoryEntry,
  Labels,
  PreviewKind,
  PreviewsMessage,
  Status,
} from './wire';

export function full(m: Json, buffers: readonly Buffer[]): FullMessage {
  const n = integer(m, 'n');
  const column = <C extends Code>(key: string, code: C): ArrayOf<C> => array(m[key], code, buffers, n, key);
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
    ids: ids(m, n, 'points'),
    group: null,
    features: features(m, buffers, n),
    features_left_out: integer(m, 'features_left_out'),
    preview: previewKind(m.preview),
    edits: edits(m.edits),
    share: text(m, 'share'),
    ...(m.value_name === undefined ? {} : { value_name: text(m, 'value_name') }),
  };
}

export function ids(m: Json, n: number, of: string): string[] | null {
  const found = m.ids === null ? null : texts(m, 'ids');
  if (found !== null && found.length !== n) {
    refuse(`${found.length} ids came for ${n} ${of}.`);
  }
  return found;
}

export function features(m: Json, buffers: readonly Buffer[], n: number): Feature[] {
  return list(m, 'features').map((item) => {
    const feature = record(item, 'A feature');
    const name = text(feature, 'name');
    return { name, values: array(feature.values, 'f4', buffers, n, `feature ${name}`) };
  });
}

export function previews(m: Json, buffers: readonly Buffer[]): PreviewsMessage {
  const rows = list(m, 'rows').map((row) => whole(row, 'a row'));
  const head = { v: 1, t: 'previews', request: textOrNull(m, 'request'), rows } as const;
  if (m.kind === 'text') {
    const found = texts(m, 'texts', true);
    if (found.length !== rows.length) {
      refuse(`${found.length} texts came for ${rows.length} rows.`);
    }
    return { ...head, kind: 'text', texts: found };
  }
  if (m.kind !== 'image') {
    refuse(`Previews are of kind ${show(m.kind)}; known are image and text.`);
  }
  const pixels = array(m.pixels, 'u1', buffers, null, 'pixels');
  if (rows.length === 0 ? pixels.length > 0 : pixels.length % rows.length !== 0) {
    refuse(`${pixels.length} pixels cannot be divided among ${rows.length} rows.`);
  }
  return { ...head, kind: 'image', pixels };
}

export function labels(item: unknown, buffers: readonly Buffer[], n: number): Labels | null {
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
    refuse(`Labels are of kind ${show(label.kind)}; known are class and number.`);
  }
  const classes = texts(label, 'classes');
  const codes = array(label.codes, 'u2', buffers, n, 'label codes');
  const original = array(label.original, 'u2', buffers, n, 'original labels');
  for (const column of [codes, original]) {
    const odd = column.find((code) => code >= classes.length);
    if (odd !== undefined) {
      refuse(`A label has code ${odd}, but there are ${classes.length} classes.`);
    }
  }
  return { kind: 'class', classes, codes, original };
}

export function previewKind(item: unknown): PreviewKind {
  const preview = record(item, 'preview');
  if (preview.kind === 'text' || preview.kind === 'none') {
    return { kind: preview.kind };
  }
  if (preview.kind !== 'image') {
    refuse(`Previews are of kind ${show(preview.kind)}; known are image, text and none.`);
  }
  const channels = integer(preview, 'channels');
  if (channels !== 1 && channels !== 3) {
    refuse(`An image preview has ${channels} channels; 1 or 3 are drawn.`);
  }
  return { kind: 'image', width: integer(preview, 'width'), height: integer(preview, 'height'), channels };
}

const VERBS: readonly unknown[] = ['pause', 'resume', 'stop'];
const NUMBERS: readonly string[] =
  'done total seconds left certainty target completion failures warnings threshold'.split(' ');
const STATES: readonly string[] = ['pending', 'running', 'paused', 'stopped', 'finished', 'failed'];

export function status(item: unknown): Status {
  const s = record(item, 'status');
  if (typeof s.state !== 'string' || !STATES.includes(s.state)) {
    refuse(`The run's state is ${show(s.state)}; known are ${STATES.join(', ')}.`);
  }
  if (s.pending !== null && !VERBS.includes(s.pending)) {
    refuse(`The run is asked to ${show(s.pending)}; known are ${VERBS.join(', ')}.`);
  }
  const checked = Object.entries(s).map(([key, item]) => {
    const wanted = NUMBERS.includes(key) ? 'number' : 'string';
    if (item !== null && typeof item !== wanted) {
      refuse(`${key} of the status should be a ${wanted}; it is ${show(item)}.`);
    }
    return [key, typeof item === 'string' ? shown(item, true) : item];
  });
  return {
    ...(Object.fromEntries(checked) as Status),
    done: integer(s, 'done'),
    reason: words(s.reason, 'reason', true),
    unit: text(s, 'unit'),
  };
}

export function edits(item: unknown): Edits {
  const e = record(item, 'edits');
  const some = (key: string): number | undefined => (e[key] === undefined ? undefined : integer(e, key));
  return {
    count: integer(e, 'count'),
    relabelled: integer(e, 'relabelled'),
    dropped: integer(e, 'dropped'),
    ...(LIVE ? { flagged: some('flagged'), noted: some('noted') } : {}),
    undo: e.undo === true,
    redo: e.redo === true,
    path: text(e, 'path'),
    saved: true,
  };
}

export function history(m: Json): HistoryEntry[] {
  return list(m, 'history').map((item) => {
    if (!Array.isArray(item) || typeof item[0] !== 'number') {
      refuse('An entry of the history should be [done, certainty, completion].');
    }
    const part = (x: unknown): number | null => (typeof x === 'number' ? x : null);
    return [item[0], part(item[1]), part(item[2])];
  });
}
