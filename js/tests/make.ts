/** Small points for the tests, as a full frame would make them. */

import type { Filters, Preset } from '../src/filters';
import type { Points } from '../src/points';
import type { Edits, Labels, Status } from '../src/wire';

export const STATUS: Status = {
  state: 'running',
  pending: null,
  done: 7440,
  total: 12000,
  unit: 'evaluations',
  seconds: 20,
  left: 21,
  certainty: 0.91,
  target: 0.95,
  completion: 0.62,
  reason: 'ranking 91 % certain, 95 % wanted',
  failures: 0,
  warnings: 0,
  failure: null,
  announcement: '',
  error: null,
  threshold: 0,
  unit_of_value: 'accuracy',
};

export const NO_EDITS: Edits = {
  count: 0,
  relabelled: 0,
  dropped: 0,
  undo: false,
  redo: false,
  path: 'edits.jsonl',
  saved: true,
};

export function classLabels(classes: string[], codes: number[], original = codes): Labels {
  return { kind: 'class', classes, codes: Uint16Array.from(codes), original: Uint16Array.from(original) };
}

export function makePoints(value: number[], more: Partial<Points> = {}): Points {
  const n = value.length;
  return {
    seq: 1,
    n,
    title: 'some',
    method: 'Shapley',
    status: STATUS,
    history: [],
    value: Float32Array.from(value),
    stderr: new Float32Array(n).fill(0.1),
    count: new Uint32Array(n).fill(8),
    converged: new Uint8Array(n),
    label: null,
    dropped: new Uint8Array(n),
    ids: null,
    features: [],
    featuresLeftOut: 0,
    preview: { kind: 'none' },
    edits: NO_EDITS,
    share: '',
    extra: new Map(),
    whole: null,
    ...more,
  };
}

export function filters(part: Partial<Omit<Filters, 'presets'>> & { presets?: Preset[] } = {}): Filters {
  return { value: null, label: null, text: '', ...part, presets: new Set(part.presets ?? []) };
}
