/** Reads what Python says of the refits. Pure. */

import { integer, list, record, text, textOrNull, WireError, type Json } from '../../read';

/** Over the shares that are dropped; NaN where it is not known. */
export interface Gain {
  readonly score: readonly number[];
  readonly error: readonly number[];
  /** Beside no point dropped, seed by seed. */
  readonly gain: readonly number[];
  readonly gainError: readonly number[];
}

export interface MetricCurve {
  readonly name: string;
  readonly lowest: Gain;
  readonly random: Gain;
  readonly edited: Gain | null;
  /** The share with the highest sure gain. */
  readonly best: number | null;
}

export interface Curve {
  readonly state: string;
  readonly why: string;
  readonly done: number;
  readonly total: number;
  readonly left: number | null;
  readonly metrics: readonly MetricCurve[];
  /** In percent. */
  readonly shares: readonly number[];
  readonly counts: readonly number[];
  readonly finished: number;
  readonly failures: number;
  readonly certain: number;
  readonly heldOut: boolean;
  readonly test: number;
  /** Evaluations behind the values, which valuation they are of, and by what method; null where that is not known. */
  readonly at: number;
  readonly turn: number;
  readonly method: string | null;
  readonly edits: number;
}

export function readCurve(body: Json): Curve {
  const some = list(body, 'metrics');
  const whole = (key: string): number => (body[key] === undefined ? 0 : integer(body, key));
  const shares = some.length > 0 ? numbers(body, 'shares') : [];
  return {
    state: text(body, 'state'),
    why: textOrNull(body, 'why') ?? '',
    done: integer(body, 'done'),
    total: integer(body, 'total'),
    left: typeof body.left === 'number' ? body.left : null,
    metrics: some.map((one) => readMetric(record(one, 'metric'), shares.length)),
    shares,
    counts: some.length > 0 ? numbers(body, 'counts', shares.length) : [],
    finished: whole('finished'),
    failures: whole('failures'),
    certain: whole('certain'),
    heldOut: body.held_out === true,
    test: whole('test'),
    at: whole('at'),
    turn: whole('turn'),
    method: textOrNull(body, 'method'),
    edits: whole('edits'),
  };
}

function readMetric(metric: Json, n: number): MetricCurve {
  const best = metric.best === null ? null : integer(metric, 'best');
  if (best !== null && best >= n) {
    throw new WireError(`best is ${best}, but there are ${n} shares.`);
  }
  return {
    name: text(metric, 'name'),
    lowest: readGain(metric.lowest, n),
    random: readGain(metric.random, n),
    edited: metric.edited === null ? null : readGain(metric.edited, 1),
    best,
  };
}

function readGain(item: unknown, n: number): Gain {
  const of = record(item, 'gain');
  return {
    score: numbers(of, 'score', n),
    error: numbers(of, 'error', n),
    gain: numbers(of, 'gain', n),
    gainError: numbers(of, 'gain_error', n),
  };
}

function numbers(of: Json, key: string, n: number | null = null): number[] {
  const found = list(of, key).map((item) => (typeof item === 'number' ? item : NaN));
  if (n !== null && found.length !== n) {
    throw new WireError(`${key} should hold ${n} numbers; it has ${found.length}.`);
  }
  return found;
}
