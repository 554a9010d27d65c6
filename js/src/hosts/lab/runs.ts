/** The list of runs as a kernel tells it: checked, merged with what was clicked, compared. Pure. */

import { shown } from '../../shown';

export const VERBS = ['pause', 'resume', 'stop'] as const;
export type Verb = (typeof VERBS)[number];

const STATES = ['pending', 'running', 'paused', 'stopped', 'finished', 'failed'] as const;
export type State = (typeof STATES)[number];

export interface RunInfo {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly method: string;
  readonly kind: string;
  readonly state: State;
  readonly pending: Verb | null;
  readonly done: number;
  readonly total: number | null;
  readonly unit: string;
  readonly seconds: number;
  readonly left: number | null;
  readonly certainty: number | null;
  /** 0 to 1. */
  readonly completion: number;
  readonly reason: string;
  readonly error: string | null;
  readonly n: number;
  readonly edits: number;
  /** Quantiles of the values, 0 to 100; empty before any. */
  readonly spark: readonly number[];
  /** Where the threshold lies on the same scale. */
  readonly zero: number | null;
  readonly cell: string | null;
  readonly model: string | null;
}

export interface Versions {
  readonly ipykernel: string | null;
  readonly dvlwidgets: string | null;
}

export interface Answer {
  readonly request: string;
  readonly runs: readonly RunInfo[];
  readonly versions: Versions;
  /** How many more there are than a kernel lists. */
  readonly leftOut: number;
}

export interface Refusal {
  readonly request: string;
  readonly message: string;
}

const LONGEST = 60;

/** A message of the control channel; null when it is none of ours. A run that cannot be read is left out. */
export function readMessage(data: unknown): Answer | Refusal | null {
  if (!isRecord(data) || typeof data.request !== 'string') {
    return null;
  }
  if (data.t === 'error') {
    return { request: data.request, message: words(data.message) };
  }
  if (data.t !== 'runs' || !Array.isArray(data.runs)) {
    return null;
  }
  const kernel = isRecord(data.kernel) ? data.kernel : {};
  const versions = {
    ipykernel: words(kernel.ipykernel) || null,
    dvlwidgets: words(kernel.dvlwidgets) || null,
  };
  const runs = (data.runs as unknown[]).map(readRun).filter((run) => run !== null);
  return { request: data.request, runs, versions, leftOut: number(data.left_out) ?? 0 };
}

export const isRefusal = (message: Answer | Refusal): message is Refusal => 'message' in message;

function readRun(given: unknown): RunInfo | null {
  if (!isRecord(given) || typeof given.id !== 'string' || given.id === '') {
    return null;
  }
  const state = STATES.find((known) => known === given.state);
  if (state === undefined) {
    return null;
  }
  return {
    id: given.id,
    name: words(given.name) || shown(given.id),
    title: words(given.title),
    method: words(given.method),
    kind: words(given.kind),
    state,
    pending: VERBS.find((verb) => verb === given.pending) ?? null,
    done: number(given.done) ?? 0,
    total: number(given.total),
    unit: words(given.unit),
    seconds: number(given.seconds) ?? 0,
    left: number(given.left),
    certainty: number(given.certainty),
    completion: within(number(given.completion) ?? 0, 0, 1),
    reason: words(given.reason),
    error: words(given.error) || null,
    n: number(given.n) ?? 0,
    edits: number(given.edits) ?? 0,
    spark: readSpark(given.spark),
    zero: number(given.zero),
    cell: maybe(given.cell),
    model: maybe(given.model),
  };
}

function readSpark(given: unknown): number[] {
  if (!Array.isArray(given) || given.some((one) => number(one) === null)) {
    return [];
  }
  return (given as number[]).slice(0, LONGEST).map((one) => within(one, 0, 100));
}

/** What was clicked and not answered yet is shown at once. */
export function withAsked(runs: readonly RunInfo[], asked: ReadonlyMap<string, Verb>): readonly RunInfo[] {
  return asked.size === 0 ? runs : runs.map((run) => ({ ...run, pending: asked.get(run.id) ?? run.pending }));
}

export interface Change {
  readonly run: RunInfo;
  readonly before: State | null;
}

/** The runs whose state is another than before, and those that are new. */
export function changes(before: readonly RunInfo[], now: readonly RunInfo[]): Change[] {
  const states = new Map(before.map((run) => [run.id, run.state]));
  return now
    .filter((run) => states.get(run.id) !== run.state)
    .map((run) => ({ run, before: states.get(run.id) ?? null }));
}

export const isWorking = (run: RunInfo): boolean => run.state === 'running';
export const isAlive = (run: RunInfo): boolean => run.state === 'running' || run.state === 'paused';

/** What one may ask of a run now. */
export function may(run: RunInfo): readonly Verb[] {
  switch (run.state) {
    case 'running':
      return run.pending === 'stop' ? [] : run.pending === 'pause' ? ['resume', 'stop'] : ['pause', 'stop'];
    case 'paused':
      return run.pending === 'stop' ? [] : ['resume', 'stop'];
    case 'pending':
      return ['stop'];
    default:
      return [];
  }
}

/** The run that a command without a name means: the one in focus, else the newest that works, is paused, or is there. */
export function meant<T extends { readonly run: RunInfo }>(
  all: readonly T[],
  focus: string | null,
  verb: Verb | null
): T | null {
  const fits = all.filter(({ run }) => verb === null || may(run).includes(verb)).reverse(); // the newest first
  return (
    fits.find(({ run }) => run.id === focus) ??
    fits.find(({ run }) => isWorking(run)) ??
    fits.find(({ run }) => isAlive(run)) ??
    fits[0] ??
    null
  );
}

function isRecord(given: unknown): given is Record<string, unknown> {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}

const words = (given: unknown): string => (typeof given === 'string' ? shown(given) : '');
const maybe = (given: unknown): string | null => (typeof given === 'string' && given !== '' ? given : null);
const number = (given: unknown): number | null =>
  typeof given === 'number' && Number.isFinite(given) ? given : null;
const within = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, x));
