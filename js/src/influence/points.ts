/** Both sets of points as Python last told them, in the form that tables, filters and histograms know. Pure. */

import { allRows, sortRows } from '../columns';
import { plain, named } from '../format';
import { fromFull, type ExtraColumn, type Points } from '../points';
import { WireError, type Feature, type Status } from '../wire';
import {
  COLUMNS,
  TEST_COLUMNS,
  type DeltaInfluence,
  type FullInfluence,
  type Head,
  type OfTest,
  type OfTrain,
  type TestColumns,
} from './wire';

/** What a training point's numbers are called, as columns of the table. */
const NAMES = ['loss', 'self-influence', 'quantile, all labels', 'mean', 'tests hurt'] as const;
export const LOSS = 0;
export const SELF = 1;
export const QUANTILE_ALL = 2;
export const MEAN = 3;
export const HURT = 4;
/** Places among all training points: the highest loss and the highest self-influence are 1. */
export const LOSS_RANK = 5;
export const SELF_RANK = 6;
/** So many of the training points' features are numbers of this panel; those of the data set follow. */
export const OWN = 7;

export interface Both {
  /** Value: the quantile of the influences on the test points of the own label. */
  readonly train: Points;
  /** Value: the loss. `converged` says whether the prediction is right; features: see PREDICTED. */
  readonly test: Points;
  readonly quantile: number;
  head: Head;
}

export const PREDICTED = 0;
export const P_LABEL = 1;
/** Of the influence of the training points the share that hurts a test point. */
export const DISAGREEMENT = 2;

/** `before`: what was held until now; what came later than the points, such as flags, stays. */
export function bothFrom(m: FullInfluence, before: Both | null = null): Both {
  const { columns, test, quantile, ...head } = m.influence;
  const own: Feature[] = COLUMNS.map((name, i) => ({ name: NAMES[i]!, values: columns[name] }));
  const rank = (name: string): Feature => ({ name, values: new Float32Array(m.n).fill(NaN) });
  const features = [...own, rank('loss rank'), rank('self-influence rank'), ...m.features];
  const train = fromFull({ ...m, features }, before?.train);
  const tests: Points = {
    ...fromFull(m),
    n: test.n,
    status: ofTests(m.status),
    history: [],
    value: test.columns.loss,
    value_name: 'loss',
    stderr: new Float32Array(test.n).fill(NaN),
    count: new Uint32Array(test.n),
    converged: new Uint8Array(test.n),
    label: test.label,
    dropped: test.dropped,
    edits: test.edits,
    extra: before?.test.n === test.n ? before.test.extra : new Map<string, ExtraColumn>(),
    ids: test.ids,
    features: [
      { name: 'predicted', values: test.columns.predicted },
      { name: 'p of label', values: test.columns.p_label },
      { name: 'disagreement', values: test.columns.disagreement },
      ...test.features,
    ],
    featuresLeftOut: test.features_left_out,
    preview: test.preview,
  };
  judge(tests);
  rankAll(train);
  return { train, test: tests, quantile, head };
}

/** Applies the part of a delta that other panels do not have; the rest is applied already. */
export function applyStep(both: Both, m: DeltaInfluence): void {
  const { columns, test, ...head } = m.influence;
  const features = both.train.features as Feature[];
  COLUMNS.forEach((name, i) => {
    m.rows.forEach((row, k) => (features[i]!.values[row] = columns[name][k]!));
  });
  if (m.rows.length > 0) {
    features.splice(0, OWN, ...features.slice(0, OWN).map((feature) => ({ ...feature }))); // charts see that they moved
  }
  if (test !== null) {
    applyTests(both.test, test);
  }
  both.test.status = ofTests(m.status);
  both.head = head;
  rankAll(both.train);
}

/** Throws where an answer about a single point is about other points than those held. */
export function checkAnswer({ train, test }: Both, m: OfTest | OfTrain): void {
  const fits =
    m.t === 'of_test'
      ? m.test < test.n && ![...m.helpful, ...m.harmful].some((row) => row >= train.n)
      : m.train < train.n && m.scores.length === test.n;
  if (!fits) {
    throw new WireError('An answer names points that are not here.');
  }
}

function applyTests(points: Points, columns: TestColumns): void {
  if (TEST_COLUMNS.some((name) => columns[name].length !== points.n)) {
    throw new WireError(`Numbers came for another number of test points than ${points.n}.`);
  }
  points.value.set(columns.loss);
  points.features[PREDICTED]!.values.set(columns.predicted);
  points.features[P_LABEL]!.values.set(columns.p_label);
  points.features[DISAGREEMENT]!.values.set(columns.disagreement);
  judge(points);
}

/** Marks the predictions that are right; numbers are neither right nor wrong. */
export function judge(points: Points): void {
  const { label } = points;
  const predicted = points.features[PREDICTED]!.values;
  for (let row = 0; row < points.n; row++) {
    const wrong = label?.kind === 'class' && predicted[row]! !== label.codes[row]!;
    points.converged[row] = wrong && !Number.isNaN(predicted[row]!) ? 0 : 1;
  }
}

/** A loss has no side that hurts. */
function ofTests(status: Status): Status {
  return { ...status, threshold: null, unit_of_value: '' };
}

function rankAll(points: Points): void {
  for (const [from, to] of [
    [LOSS, LOSS_RANK],
    [SELF, SELF_RANK],
  ] as const) {
    const numbers = points.features[from]!.values;
    const ranks = points.features[to]!.values;
    let place = 0;
    for (const row of sortRows(points, allRows(points.n), [{ column: `f${from}`, descending: true }])) {
      ranks[row] = Number.isNaN(numbers[row]!) ? NaN : (place += 1);
    }
  }
}

/** The points as a card lists them: the data set's own features only. */
export function withoutOwn(points: Points): Points {
  return { ...points, features: points.features.slice(OWN) };
}

/** A class or a number of a point in words. */
export function labelWord(points: Points, row: number): string {
  const { label } = points;
  if (label === null) {
    return '';
  }
  return label.kind === 'class' ? named(label.classes[label.codes[row]!]!) : plain(label.values[row]!);
}

/** What it came with. */
export function originalWord({ label }: Points, row: number): string {
  if (label === null) {
    return '';
  }
  return label.kind === 'class' ? named(label.classes[label.original[row]!]!) : plain(label.original[row]!);
}

/** What was predicted for a test point, in words; empty where nothing is known. */
export function predictedWord(points: Points, row: number): string {
  const predicted = points.features[PREDICTED]!.values[row]!;
  if (Number.isNaN(predicted)) {
    return '';
  }
  return points.label?.kind === 'class' ? named(points.label.classes[predicted]!) : plain(predicted);
}
