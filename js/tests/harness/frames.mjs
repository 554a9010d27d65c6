// Synthetic frames for the harness: a digits-like run with flipped labels, as Python would send it.

/** A small seeded generator, so that pictures can be compared. */
export function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function normal(next) {
  return Math.sqrt(-2 * Math.log(next() + 1e-12)) * Math.cos(2 * Math.PI * next());
}

class Packer {
  buffers = [];
  pack(array, d) {
    this.buffers.push(new DataView(array.buffer, array.byteOffset, array.byteLength));
    return { b: this.buffers.length - 1, d, n: array.length };
  }
}

const GLYPHS = [
  '01110100011001110101110011000101110',
  '00100011000010000100001000010001110',
  '01110100010000100110010001000011111',
  '01110100010000100110000011000101110',
  '00010001100101010010111110001000010',
  '11111100001111000001000011000101110',
  '01110100001000011110100011000101110',
  '11111000010001000100010000100001000',
  '01110100011000101110100011000101110',
  '01110100011000101111000010000101110',
];

/** 8 x 8 grey pixels of a digit with noise. */
export function glyph(digit, seed) {
  const next = random(seed);
  const pixels = new Uint8Array(64).fill(255);
  const dx = Math.floor(next() * 3);
  for (let i = 0; i < 35; i++) {
    if (GLYPHS[digit][i] === '1') {
      pixels[Math.floor(i / 5) * 8 + (i % 5) + dx] = Math.floor(next() * 90);
    }
  }
  return pixels;
}

const LONG = ['benign', 'malignant'];

export function makeRun({
  n = 600,
  seed = 3,
  kind = 'digits',
  state = 'running',
  done = 7440,
  total = 12000,
  method = 'Shapley',
  unit = 'evaluations',
  known = 1,
} = {}) {
  const next = random(seed);
  const classes = kind === 'digits' ? [...'0123456789'] : kind === 'number' ? null : LONG;
  const value = new Float32Array(n);
  const stderr = new Float32Array(n);
  const count = new Uint32Array(n);
  const converged = new Uint8Array(n);
  const truth = new Uint16Array(n);
  const codes = new Uint16Array(n);
  const numbers = new Float64Array(n);
  const share = done / total;
  for (let i = 0; i < n; i++) {
    const bad = next() < 0.06;
    truth[i] = Math.floor(next() * (classes?.length ?? 1));
    codes[i] = bad ? (truth[i] + 1 + Math.floor(next() * 8)) % (classes?.length ?? 1) : truth[i];
    numbers[i] = Math.round(normal(next) * 4000) / 100 + 150;
    const scale = kind === 'digits' ? 1 : 0.002;
    value[i] = (bad ? -1.6 + normal(next) * 1.1 : 1 + normal(next) * 0.55) * scale;
    stderr[i] = ((0.1 + next() * 0.5) * scale) / Math.sqrt(share + 0.05);
    value[i] += normal(next) * stderr[i] * 0.5;
    count[i] = Math.round(share * 40 + next() * 4);
    converged[i] = next() < 0.9 ? 1 : 0;
    if (next() > known) {
      value[i] = stderr[i] = NaN;
      count[i] = converged[i] = 0;
    }
  }
  const history = [];
  for (let k = 1; k <= 40; k++) {
    const at = (k / 40) * done;
    history.push([
      Math.round(at),
      k < 2 ? null : 0.97 * (1 - Math.exp(-at / 2600)) + normal(next) * 0.006,
      at / total,
    ]);
  }
  const over = state === 'finished';
  return {
    n,
    classes,
    truth,
    codes,
    original: codes.slice(),
    numbers,
    originalNumbers: numbers.slice(),
    value,
    stderr,
    count,
    converged,
    history,
    kind,
    dropped: new Uint8Array(n),
    method,
    title: kind === 'digits' ? 'digits' : kind === 'number' ? 'house prices' : 'breast cancer',
    status: {
      state,
      pending: null,
      done: over ? total : done,
      total,
      unit,
      seconds: 41.2,
      left: over ? null : 21,
      certainty: history.at(-1)[1],
      target: 0.95,
      completion: over ? 1 : share,
      reason: over
        ? 'The ranking is 96 % certain, 95 % was wanted.'
        : 'The ranking is 91 % certain; it stops at 95 %, or after 60 s.',
      failures: 0,
      warnings: 0,
      failure: null,
      announcement: 'At most 12,000 fits × 5 ms = 60 s on 2 workers.',
      error: null,
      threshold: 0,
      unit_of_value: kind === 'digits' ? 'log-likelihood' : 'accuracy',
    },
    edits: {
      count: 0,
      relabelled: 0,
      dropped: 0,
      undo: false,
      redo: false,
      path: 'digits.edits.jsonl',
      saved: true,
    },
    share: 'positions, labels, values',
    preview:
      kind === 'digits'
        ? { kind: 'image', width: 8, height: 8, channels: 1 }
        : kind === 'text'
          ? { kind: 'text' }
          : { kind: 'none' },
    features:
      kind === 'digits'
        ? [['ink', (i) => 0.25 + (i % 13) / 100]]
        : [
            ['mean radius', (i) => 10 + (i % 97) / 10],
            ['mean texture', (i) => 15.2 + (i % 41) / 7],
            ['worst concave points', (i) => (i % 89) / 700],
          ],
  };
}

export function full(run, seq) {
  const p = new Packer();
  const label =
    run.classes === null
      ? { kind: 'number', values: p.pack(run.numbers, 'f8'), original: p.pack(run.originalNumbers, 'f8') }
      : {
          kind: 'class',
          classes: run.classes,
          codes: p.pack(run.codes, 'u2'),
          original: p.pack(run.original, 'u2'),
        };
  const content = {
    v: 1,
    t: 'full',
    seq,
    n: run.n,
    title: run.title,
    method: run.method,
    status: run.status,
    history: run.history,
    value: p.pack(run.value, 'f4'),
    stderr: p.pack(run.stderr, 'f4'),
    count: p.pack(run.count, 'u4'),
    converged: p.pack(run.converged, 'u1'),
    label,
    dropped: p.pack(run.dropped, 'u1'),
    ids: null,
    group: null,
    features: run.features.map(([name, f]) => ({
      name,
      values: p.pack(
        Float32Array.from({ length: run.n }, (_, i) => f(i)),
        'f4'
      ),
    })),
    features_left_out: 0,
    preview: run.preview,
    edits: run.edits,
    share: run.share,
  };
  return [content, p.buffers];
}
