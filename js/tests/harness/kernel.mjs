// A stand-in for Python: answers the panel's commands over a fake comm, and can stream values.

import { full, glyph, normal, random } from './frames.mjs';

export class FakeKernel {
  constructor(run, { silent = false } = {}) {
    this.run = run;
    this.silent = silent;
    this.seq = 0;
    this.listeners = new Map();
    this.log = [];
    this.past = [];
    this.future = [];
    this.noise = random(9);
  }

  get(name) {
    return { title: this.run.title, height: this.height ?? 600, page: this.page }[name];
  }
  on(event, callback) {
    this.listeners.set(event, callback);
  }
  off(event) {
    this.listeners.delete(event);
  }
  send(command) {
    this.log.push(command);
    if (!this.silent) {
      setTimeout(() => this.answer(command), 5);
    }
  }
  post(content, buffers = []) {
    this.listeners.get('msg:custom')?.(content, buffers);
  }

  answer(command) {
    const { run } = this;
    switch (command.t) {
      case 'hello':
        return this.post(...full(run, this.seq));
      case 'pause':
      case 'resume':
      case 'stop':
        run.status = { ...run.status, pending: command.t };
        this.status();
        return setTimeout(() => {
          run.status = {
            ...run.status,
            pending: null,
            state: { pause: 'paused', resume: 'running', stop: 'stopped' }[command.t],
          };
          this.status();
        }, 300);
      case 'previews': {
        if (run.preview.kind === 'text') {
          return this.post({
            v: 1,
            t: 'previews',
            request: command.request,
            rows: command.rows,
            kind: 'text',
            texts: command.rows.map(
              (row) =>
                `Review ${row}: the plot is thin, the actors are not, and the ending came sooner than feared.\nWould watch again.`
            ),
          });
        }
        const pixels = new Uint8Array(command.rows.length * 64);
        command.rows.forEach((row, i) => pixels.set(glyph(run.truth[row], row + 1), i * 64));
        return this.post(
          {
            v: 1,
            t: 'previews',
            request: command.request,
            rows: command.rows,
            kind: 'image',
            pixels: { b: 0, d: 'u1', n: pixels.length },
          },
          [new DataView(pixels.buffer)]
        );
      }
      case 'relabel':
      case 'drop':
        this.past.push(this.change(command));
        this.future = [];
        return this.edits(command.request, command.rows);
      case 'undo':
      case 'redo': {
        const [from, to] = command.t === 'undo' ? [this.past, this.future] : [this.future, this.past];
        const step = from.pop();
        step.rows.forEach(
          (row, i) =>
            ([run.codes[row], run.numbers[row], run.dropped[row]] = (
              command.t === 'undo' ? step.before : step.after
            )[i])
        );
        to.push(step);
        return this.edits(command.request, step.rows);
      }
    }
  }

  change({ t, rows, label, number, dropped, ...rest }) {
    const { run } = this;
    const now = () => rows.map((row) => [run.codes[row], run.numbers[row], run.dropped[row]]);
    const before = now();
    if (rest.new !== undefined) {
      run.classes.push(rest.new);
      label = run.classes.length - 1;
    }
    for (const row of rows) {
      if (t === 'drop') {
        run.dropped[row] = dropped ? 1 : 0;
      } else if (number !== undefined) {
        run.numbers[row] = number;
      } else {
        run.codes[row] = label;
      }
    }
    return { rows, before, after: now() };
  }

  edits(request, rows) {
    const { run } = this;
    const relabelled = run.codes.reduce(
      (k, code, i) => k + (code !== run.original[i] || run.numbers[i] !== run.originalNumbers[i] ? 1 : 0),
      0
    );
    const dropped = run.dropped.reduce((k, d) => k + d, 0);
    run.edits = {
      ...run.edits,
      count: relabelled + dropped,
      relabelled,
      dropped,
      undo: this.past.length > 0,
      redo: this.future.length > 0,
    };
    this.post({
      v: 1,
      t: 'edits',
      request,
      rows,
      codes: run.classes === null ? null : rows.map((row) => run.codes[row]),
      numbers: run.classes === null ? rows.map((row) => run.numbers[row]) : null,
      dropped: rows.map((row) => run.dropped[row]),
      classes: run.classes === null ? null : [...run.classes],
      edits: run.edits,
    });
  }

  status() {
    this.post({ v: 1, t: 'status', seq: this.seq, status: this.run.status });
  }

  /** One more round: values move by a part of their standard errors. */
  tick() {
    const { run } = this;
    for (let i = 0; i < run.n; i++) {
      run.value[i] += normal(this.noise) * run.stderr[i] * 0.1;
      run.stderr[i] *= 0.995;
      run.count[i] += 1;
    }
    const done = Math.min(run.status.total, run.status.done + 60);
    run.history.push([done, Math.min(0.99, run.history.at(-1)[1] + 0.001), done / run.status.total]);
    run.status = {
      ...run.status,
      done,
      certainty: run.history.at(-1)[1],
      completion: done / run.status.total,
    };
    this.seq += 1;
    this.post(...full(run, this.seq));
  }
}
