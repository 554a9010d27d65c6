/**
 * What an influence panel's messages hold besides those of any panel.
 *
 * Mirror of `dvlwidgets/widgets/influence_{wire,unwire}.py`; both sides read the frames in `tests/wire/influence/`. Pure.
 */

import { edits, features, ids, labels, previewKind } from '../frames';
import {
  array,
  integer,
  list,
  record,
  show,
  textOrNull,
  whole,
  WireError,
  type Buffer,
  type Json,
} from '../read';
import {
  decode as decodePlain,
  type DeltaMessage,
  type Edits,
  type EditsMessage,
  type Feature,
  type FullMessage,
  type Labels,
  type Message,
  type PreviewKind,
  type PreviewsMessage,
} from '../wire';

/** Of each training point, besides its value, the quantile among the test points of its own label. */
export const COLUMNS = ['loss', 'self_influence', 'quantile_all', 'mean', 'negatives'] as const;
export const TEST_COLUMNS = ['loss', 'predicted', 'p_label', 'disagreement'] as const;

export type Columns = Record<(typeof COLUMNS)[number], Float32Array>;
export type TestColumns = Record<(typeof TEST_COLUMNS)[number], Float32Array>;

export interface Head {
  /** Whether single influences can be asked for already. */
  known: boolean;
  /** Grows when single influences change. */
  revision: number;
  /** Relabelled points whose numbers are still those of the old label. */
  waiting: number[];
  /** The same of test points. */
  tests_waiting: number[];
}

export interface TestSet {
  n: number;
  label: Labels | null;
  ids: string[] | null;
  features: Feature[];
  features_left_out: number;
  preview: PreviewKind;
  columns: TestColumns;
  dropped: Uint8Array;
  /** Of their own log. */
  edits: Edits;
}

export interface FullInfluence extends FullMessage {
  influence: Head & { quantile: number; columns: Columns; test: TestSet };
}

export interface DeltaInfluence extends DeltaMessage {
  influence: Head & { columns: Columns; test: TestColumns | null };
}

export interface TestPreviews extends PreviewsMessage {
  of?: 'test';
}

export interface TestEdits extends EditsMessage {
  of?: 'test';
}

/** The training points that help and that hurt one test point most. */
export interface OfTest {
  v: 1;
  t: 'of_test';
  request: string | null;
  test: number;
  revision: number;
  helpful: Uint32Array;
  helpful_scores: Float32Array;
  harmful: Uint32Array;
  harmful_scores: Float32Array;
  /** How many training points help, and how many hurt. */
  helps: number;
  hurts: number;
}

/** The influence of one training point on each test point. */
export interface OfTrain {
  v: 1;
  t: 'of_train';
  request: string | null;
  train: number;
  revision: number;
  scores: Float32Array;
}

export type InfluenceMessage =
  | Exclude<Message, FullMessage | DeltaMessage>
  | TestEdits
  | FullInfluence
  | DeltaInfluence
  | TestPreviews
  | OfTest
  | OfTrain;

/** Turns one message into typed arrays and checks what its kind promises; throws WireError. */
export function decode(content: unknown, buffers: readonly Buffer[] = []): InfluenceMessage {
  const m = record(content, 'The message');
  if (m.v === 1 && m.t === 'of_test') {
    return ofTest(m, buffers);
  }
  if (m.v === 1 && m.t === 'of_train') {
    return {
      ...{ v: 1, t: 'of_train', request: textOrNull(m, 'request') },
      train: integer(m, 'train'),
      revision: integer(m, 'revision'),
      scores: array(m.scores, 'f4', buffers, null, 'scores'),
    };
  }
  const message = decodePlain(content, buffers);
  switch (message.t) {
    case 'full':
      return { ...message, influence: entire(m.influence, buffers, message.n) };
    case 'delta':
      return { ...message, influence: step(m.influence, buffers, message.rows.length) };
    case 'previews':
    case 'edits':
      return m.of === 'test' ? { ...message, of: 'test' } : message;
    default:
      return message;
  }
}

function entire(item: unknown, buffers: readonly Buffer[], n: number): FullInfluence['influence'] {
  const m = record(item, 'influence');
  const quantile = m.quantile;
  if (typeof quantile !== 'number') {
    throw new WireError(`quantile should be a number; it is ${show(quantile)}.`);
  }
  const found = head(m);
  const test = testSet(m.test, buffers);
  if (found.waiting.some((row) => row >= n) || found.tests_waiting.some((row) => row >= test.n)) {
    throw new WireError(`A point waits that is not among the ${n}, or among the ${test.n} test points.`);
  }
  return { ...found, quantile, columns: columns(m.columns, COLUMNS, buffers, n), test };
}

function step(item: unknown, buffers: readonly Buffer[], k: number): DeltaInfluence['influence'] {
  const m = record(item, 'influence');
  return {
    ...head(m),
    columns: columns(m.columns, COLUMNS, buffers, k),
    test: m.test === null ? null : columns(m.test, TEST_COLUMNS, buffers, null),
  };
}

function head(m: Json): Head {
  if (typeof m.known !== 'boolean') {
    throw new WireError(`known should be true or false; it is ${show(m.known)}.`);
  }
  return {
    known: m.known,
    revision: integer(m, 'revision'),
    waiting: list(m, 'waiting').map((row) => whole(row, 'a waiting point')),
    tests_waiting: list(m, 'tests_waiting').map((row) => whole(row, 'a waiting test point')),
  };
}

function columns<N extends string>(
  item: unknown,
  names: readonly N[],
  buffers: readonly Buffer[],
  n: number | null
): Record<N, Float32Array> {
  const m = record(item, 'columns');
  return Object.fromEntries(names.map((name) => [name, array(m[name], 'f4', buffers, n, name)])) as Record<
    N,
    Float32Array
  >;
}

function testSet(item: unknown, buffers: readonly Buffer[]): TestSet {
  const m = record(item, 'test');
  const n = integer(m, 'n');
  return {
    n,
    label: labels(m.label, buffers, n),
    ids: ids(m, n, 'test points'),
    features: features(m, buffers, n),
    features_left_out: integer(m, 'features_left_out'),
    preview: previewKind(m.preview),
    columns: columns(m.columns, TEST_COLUMNS, buffers, n),
    dropped: array(m.dropped, 'u1', buffers, n, 'dropped'),
    edits: edits(m.edits),
  };
}

function ofTest(m: Json, buffers: readonly Buffer[]): OfTest {
  const side = (name: 'helpful' | 'harmful') => {
    const rows = array(m[name], 'u4', buffers, null, name);
    return [rows, array(m[`${name}_scores`], 'f4', buffers, rows.length, `${name} scores`)] as const;
  };
  const [helpful, helpful_scores] = side('helpful');
  const [harmful, harmful_scores] = side('harmful');
  return {
    ...{ v: 1, t: 'of_test', request: textOrNull(m, 'request'), test: integer(m, 'test') },
    revision: integer(m, 'revision'),
    ...{ helpful, helpful_scores, harmful, harmful_scores },
    helps: integer(m, 'helps'),
    hurts: integer(m, 'hurts'),
  };
}
