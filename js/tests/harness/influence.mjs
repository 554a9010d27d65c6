// A stand-in for Python behind the influence panel: gradients of a linear softmax model on made-up digits.

import { full, glyph, makeRun, normal, random } from './frames.mjs';
import { FakeKernel } from './kernel.mjs';

/** The mean picture: without it points of one class would look like those of another to the model. */
const MEAN = new Float32Array(64);
for (let k = 0; k < 200; k++) {
  glyph(k % 10, 9000 + k).forEach((v, i) => (MEAN[i] += (255 - v) / 255 / 200));
}

const COLUMNS = ['loss', 'self_influence', 'quantile_all', 'mean', 'negatives'];
const QUANTILE = 0.25;

/** A run of `makeRun` with test points, predictions and scores. `fitted`: whether influences are known. */
export function makeInfluence({ tests = 160, fitted = 1, ...options } = {}) {
  const run = makeRun({
    unit: 'training points',
    method: 'EKFAC influence',
    total: options.n ?? 600,
    done: options.state === 'pending' ? 0 : (options.n ?? 600),
    state: 'finished',
    ...options,
  });
  const next = random(11);
  const k = run.classes?.length ?? 1;
  run.title = run.kind === 'digits' ? 'digits, 6 % flipped' : run.title;
  const look = (truth, seed) => pixels(run.kind === 'digits' ? truth : seed % 10, seed);
  const point = (truth, seed) => ({
    x: look(truth, seed),
    p: beliefs(truth, k, next),
    off: normal(next) * 6,
  });
  run.points = [...run.truth].map((truth, row) => point(truth, row + 1));
  const truths = Uint16Array.from({ length: tests }, () => Math.floor(next() * k));
  run.tests = { n: tests, truths, points: [...truths].map((truth, i) => point(truth, 5000 + i)) };
  run.tests.numbers = Float64Array.from(truths, () => 100 + normal(next) * 30);
  // as a kernel of their own would see them
  run.tests.edited = {
    codes: truths.slice(),
    original: truths,
    numbers: run.tests.numbers.slice(),
    originalNumbers: run.tests.numbers,
    dropped: new Uint8Array(tests),
    classes: run.classes === null ? null : [...run.classes],
    edits: { ...run.edits, path: 'tests.jsonl' },
  };
  run.fitted = Boolean(Number(fitted));
  run.revision = 1;
  run.waiting = [];
  run.columns = Object.fromEntries(COLUMNS.map((name) => [name, new Float32Array(run.n).fill(NaN)]));
  const known = run.value.map((v) => (Number.isNaN(v) ? 0 : 1));
  run.stderr.fill(NaN);
  run.count.fill(0);
  run.converged.fill(1);
  run.value.fill(NaN);
  run.status = {
    ...run.status,
    certainty: null,
    target: null,
    unit_of_value: 'n × the change of a test loss',
  };
  run.status.reason = '';
  run.status.announcement = '';
  const share = run.status.state === 'running' ? Number(options.known ?? 0.6) : 1;
  if (run.status.state === 'pending') {
    run.fitted = false;
    return run;
  }
  if (run.status.state === 'running') {
    run.status = { ...run.status, done: Math.round(run.n * share), completion: share };
  }
  for (let row = 0; row < run.n * share && run.fitted; row++) {
    if (known[row]) {
      fill(run, row);
    }
  }
  return run;
}

function pixels(truth, seed) {
  const x = Float32Array.from(glyph(truth, seed), (v, i) => (255 - v) / 255 - MEAN[i]);
  const norm = Math.hypot(...x);
  return x.map((v) => v / norm);
}

/** Probabilities that a model gives a point: mostly its class, sometimes another. */
function beliefs(truth, k, next) {
  const p = new Float32Array(k).fill(0).map(() => next() * 0.02);
  const confused = next() < 0.12;
  p[truth] += confused ? 0.1 + next() * 0.5 : 0.9;
  p[Math.floor(next() * k)] += confused ? 0.2 + next() * 0.6 : 0.02;
  const sum = p.reduce((a, b) => a + b, 0);
  return p.map((v) => v / sum);
}

function score(test, label, train, code) {
  let similar = 0;
  test.x.forEach((v, i) => (similar += v * train.x[i]));
  if (test.p.length === 1) {
    return similar * test.off * train.off;
  }
  let residuals = 0;
  test.p.forEach((p, c) => (residuals += ((c === label ? 1 : 0) - p) * ((c === code ? 1 : 0) - train.p[c])));
  return 4 * (0.02 + similar) * residuals;
}

function scoresOf(run, row) {
  const code = run.classes === null ? 0 : run.codes[row];
  return Float32Array.from(run.tests.points, (test, i) =>
    score(test, run.tests.truths[i], run.points[row], code)
  );
}

function fill(run, row) {
  const scores = scoresOf(run, row);
  const code = run.classes === null ? 0 : run.codes[row];
  const train = run.points[row];
  const own = scores.filter((_, i) => run.classes === null || run.tests.truths[i] === code);
  run.value[row] = quantile(own);
  run.columns.quantile_all[row] = quantile(scores);
  run.columns.mean[row] = scores.reduce((a, b) => a + b, 0) / scores.length;
  run.columns.negatives[row] = scores.filter((s) => s < 0).length;
  run.columns.loss[row] = lossOf(train, code);
  run.columns.self_influence[row] = score(train, code, train, code);
}

/** Of the influence of the training points the share that hurts a test point. */
function disagreement(run) {
  return Float32Array.from(run.tests.points, (test, i) => {
    const all = run.points.map((train, j) =>
      score(test, run.tests.truths[i], train, run.classes === null ? 0 : run.codes[j])
    );
    const moved = all.reduce((sum, s) => sum + Math.abs(s), 0);
    return run.fitted ? all.reduce((sum, s) => sum - Math.min(0, s), 0) / moved : NaN;
  });
}

function lossOf({ p, off }, code) {
  return p.length === 1 ? off ** 2 : -Math.log(p[code] + 1e-4);
}

function quantile(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = QUANTILE * (sorted.length - 1);
  const lo = Math.floor(at);
  return sorted[lo] + (at - lo) * ((sorted[lo + 1] ?? sorted[lo]) - sorted[lo]);
}

function head(run) {
  return { known: run.fitted, revision: run.revision, waiting: run.waiting, tests_waiting: [] };
}

/** A full frame with the part that only an influence panel has. */
export function fullInfluence(run, seq) {
  const [content, buffers] = full(run, seq);
  const pack = (array, d) => {
    buffers.push(new DataView(array.buffer, array.byteOffset, array.byteLength));
    return { b: buffers.length - 1, d, n: array.length };
  };
  const { n, truths, points, numbers, edited } = run.tests;
  const loss = Float32Array.from(points, (point, i) => (run.fitted ? lossOf(point, truths[i]) : NaN));
  const predicted = Float32Array.from(points, ({ p, off }, i) =>
    !run.fitted ? NaN : run.classes === null ? numbers[i] + off : p.indexOf(Math.max(...p))
  );
  const sure = Float32Array.from(points, ({ p }, i) =>
    run.fitted && run.classes !== null ? p[truths[i]] : NaN
  );
  const label =
    run.classes === null
      ? { kind: 'number', values: pack(edited.numbers, 'f8'), original: pack(numbers, 'f8') }
      : {
          kind: 'class',
          classes: edited.classes,
          codes: pack(edited.codes, 'u2'),
          original: pack(truths, 'u2'),
        };
  const test = {
    n,
    label,
    ids: null,
    features: run.features.map(([name, f]) => ({
      name,
      values: pack(
        Float32Array.from({ length: n }, (_, i) => f(i + 7)),
        'f4'
      ),
    })),
    features_left_out: 0,
    preview: run.preview,
    columns: {
      ...{ loss: pack(loss, 'f4'), predicted: pack(predicted, 'f4'), p_label: pack(sure, 'f4') },
      disagreement: pack(disagreement(run), 'f4'),
    },
    dropped: pack(edited.dropped, 'u1'),
    edits: edited.edits,
  };
  const columns = Object.fromEntries(COLUMNS.map((name) => [name, pack(run.columns[name], 'f4')]));
  return [{ ...content, influence: { ...head(run), quantile: QUANTILE, columns, test } }, buffers];
}

export class FakeInfluenceKernel extends FakeKernel {
  constructor(run, options) {
    super(run, options);
    this.theirs = new FakeKernel(run.tests.edited);
    this.theirs.post = (content) => this.post({ ...content, of: 'test' });
    this.flags = { edits: new Set(), test_edits: new Set() };
  }

  answer(command) {
    const { run } = this;
    if (command.t === 'flag') {
      return this.flag(command);
    }
    if (command.of === 'test' && command.t !== 'previews') {
      return this.theirs.answer(command);
    }
    switch (command.t) {
      case 'hello':
        return this.post(...fullInfluence(run, this.seq));
      case 'start':
        run.status = { ...run.status, state: 'running' };
        return this.status();
      case 'of_test':
        return this.ofTest(command);
      case 'of_train': {
        const scores = scoresOf(run, command.train);
        return this.post(
          {
            ...{
              v: 1,
              t: 'of_train',
              request: command.request,
              train: command.train,
              revision: run.revision,
            },
            scores: { b: 0, d: 'f4', n: scores.length },
          },
          [new DataView(scores.buffer)]
        );
      }
      case 'previews':
        if (command.of === 'test') {
          return this.testPreviews(command);
        }
        return super.answer(command);
      case 'relabel':
      case 'undo':
      case 'redo':
        super.answer(command);
        return setTimeout(() => this.anew(), 30);
      default:
        return super.answer(command);
    }
  }

  flag({ of, request, rows, flagged }) {
    const part = of === 'test' ? 'test_edits' : 'edits';
    rows.forEach((row) => this.flags[part][flagged ? 'add' : 'delete'](row));
    const all = Uint32Array.from(this.flags[part]);
    const none = { b: 1, d: 'u4', n: 0 };
    const marks = { flagged: { b: 0, d: 'u4', n: all.length }, noted: none, codes: none, texts: [] };
    this.post({ v: 1, t: 'part', part, kind: 'marks', request: null, ...marks }, [
      new DataView(all.buffer),
      new DataView(new ArrayBuffer(0)),
    ]);
    (of === 'test' ? this.theirs : this).edits(request, rows);
  }

  ofTest({ request, test, k }) {
    const { run } = this;
    const scores = Float32Array.from(run.points, (train, j) =>
      score(run.tests.points[test], run.tests.truths[test], train, run.classes === null ? 0 : run.codes[j])
    );
    const order = [...scores.keys()].sort((a, b) => scores[a] - scores[b]);
    const harmful = Uint32Array.from(order.filter((j) => scores[j] < 0).slice(0, k));
    const helpful = Uint32Array.from(
      order
        .reverse()
        .filter((j) => scores[j] > 0)
        .slice(0, k)
    );
    const parts = [
      helpful,
      Float32Array.from(helpful, (j) => scores[j]),
      harmful,
      Float32Array.from(harmful, (j) => scores[j]),
    ];
    const reference = (b, d) => ({ b, d, n: parts[b].length });
    this.post(
      {
        ...{ v: 1, t: 'of_test', request, test, revision: run.revision },
        ...{ helpful: reference(0, 'u4'), helpful_scores: reference(1, 'f4') },
        ...{ harmful: reference(2, 'u4'), harmful_scores: reference(3, 'f4') },
        helps: scores.filter((s) => s > 0).length,
        hurts: scores.filter((s) => s < 0).length,
      },
      parts.map((part) => new DataView(part.buffer))
    );
  }

  testPreviews({ request, rows }) {
    const { run } = this;
    const head = { v: 1, t: 'previews', of: 'test', request, rows };
    if (run.preview.kind === 'text') {
      const texts = rows.map((row) => `Test review ${row}: a slow first hour, and then nothing can stop it.`);
      return this.post({ ...head, kind: 'text', texts });
    }
    const shown = new Uint8Array(rows.length * 64);
    rows.forEach((row, i) => shown.set(glyph(run.tests.truths[row], 5000 + row), i * 64));
    return this.post({ ...head, kind: 'image', pixels: { b: 0, d: 'u1', n: shown.length } }, [
      new DataView(shown.buffer),
    ]);
  }

  /** The numbers of every point whose label changed, as Python computes them after an edit. */
  anew() {
    const { run } = this;
    for (let row = 0; row < run.n; row++) {
      if (run.fitted && !Number.isNaN(run.value[row])) {
        fill(run, row);
      }
    }
    run.revision += 1;
    this.seq += 1;
    this.post(...fullInfluence(run, this.seq));
  }
}
