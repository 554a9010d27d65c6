import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { SILENT_AFTER } from '../src/hearing';
import { LiveModel } from '../src/model';
import { FakeKernel } from './harness/kernel.mjs';
import { full, makeRun } from './harness/frames.mjs';

/** A comm that keeps what was sent; nothing answers unless the test does. */
function setUp() {
  const kernel = new FakeKernel(makeRun({ n: 50 }), { silent: true });
  const model = new LiveModel(kernel);
  const sent = (t: string) => kernel.log.filter((command) => command.t === t);
  const frame = (seq: number) => kernel.post(...full(kernel.run, seq));
  return { kernel, model, sent, frame };
}

const delta = (base: number, seq: number, row = 0) => ({
  content: {
    v: 1,
    t: 'delta',
    seq,
    base,
    rows: { b: 0, d: 'u4', n: 1 },
    value: { b: 1, d: 'f4', n: 1 },
    stderr: { b: 2, d: 'f4', n: 1 },
    count: { all: 99 },
    converged: { b: 3, d: 'u1', n: 1 },
    status: { ...makeRun().status, done: 8000 },
    history_from: 2,
    history: [[8000, 0.93, 0.7]],
  },
  buffers: [Uint32Array.of(row), Float32Array.of(-7), Float32Array.of(0.25), Uint8Array.of(1)],
});

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('requestAnimationFrame', (action: () => void) => setTimeout(action, 16));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('hello', () => {
  it('is said at once, and again until the first frame is there', () => {
    const { sent, frame } = setUp();
    expect(sent('hello')).toEqual([{ t: 'hello', have: -1 }]);
    vi.advanceTimersByTime(7000);
    expect(sent('hello').length).toBe(3);
    frame(0);
    vi.advanceTimersByTime(60_000);
    expect(sent('hello').length).toBe(3);
  });

  it('says which frame it has when a delta builds upon another', () => {
    const { kernel, model, sent, frame } = setUp();
    frame(4);
    const { content, buffers } = delta(5, 6);
    const before = model.points!.value[0];
    kernel.post(content, buffers);
    expect(model.points!.value[0]).toBe(before);
    expect(sent('hello').at(-1)).toEqual({ t: 'hello', have: 4 });
  });
});

describe('frames', () => {
  it('are acknowledged after a paint: the newest only, and only once', () => {
    const { sent, frame } = setUp();
    frame(1);
    frame(2);
    expect(sent('ack')).toEqual([]);
    vi.advanceTimersByTime(5000);
    expect(sent('ack')).toEqual([{ t: 'ack', seq: 2 }]);
    frame(3);
    vi.advanceTimersByTime(5000);
    expect(sent('ack').at(-1)).toEqual({ t: 'ack', seq: 3 });
  });

  it('are acknowledged once a second where nothing is painted', () => {
    vi.stubGlobal('requestAnimationFrame', () => 0);
    const { sent, frame } = setUp();
    frame(1);
    vi.advanceTimersByTime(900);
    expect(sent('ack')).toEqual([]);
    vi.advanceTimersByTime(200);
    expect(sent('ack')).toEqual([{ t: 'ack', seq: 1 }]);
  });

  it('of changes move the rows they name, every count, and the end of the history', () => {
    const { kernel, model, frame } = setUp();
    frame(1);
    const { content, buffers } = delta(1, 2, 7);
    kernel.post(content, buffers);
    const points = model.points!;
    expect([points.value[7], points.stderr[7], points.converged[7], points.seq]).toEqual([-7, 0.25, 1, 2]);
    expect([...points.count].every((count) => count === 99)).toBe(true);
    expect(points.history.length).toBe(3);
    expect(points.history[2]).toEqual([8000, 0.93, 0.7]);
    expect(points.status.done).toBe(8000);
  });

  it('that are broken are refused in a sentence, and change nothing', () => {
    const { kernel, model, frame } = setUp();
    frame(1);
    const held = model.points;
    const [content, buffers] = full(kernel.run, 2);
    kernel.post(content, buffers.slice(1));
    expect(model.points).toBe(held);
    expect(model.problem).toMatch(/bytes|buffer/);
    model.dismiss();
    expect(model.problem).toBeNull();
  });
});

describe('what was refused', () => {
  it('stays while edits follow at once, and goes with one made after it was read', () => {
    const { kernel, model, frame } = setUp();
    frame(1);
    const refuse = (): void =>
      kernel.post({ v: 1, t: 'error', request: 'r', where: 'edit', message: 'Not that one.' }, []);
    refuse();
    vi.advanceTimersByTime(1000);
    model.drop([3], true);
    expect(model.problem).toBe('Not that one.');
    vi.advanceTimersByTime(3500);
    model.drop([4], true);
    expect(model.problem).toBeNull();
  });
});

describe('edits', () => {
  const answer = (request: string) => ({
    v: 1,
    t: 'edits',
    request,
    rows: [3],
    codes: [9],
    numbers: null,
    dropped: [1],
    classes: Array.from('0123456789'),
    edits: { count: 2, relabelled: 1, dropped: 1, undo: true, redo: false, path: 'e.jsonl', saved: true },
  });

  it('are unsaved until Python says that they are on disk', () => {
    const { kernel, model, sent, frame } = setUp();
    frame(1);
    model.relabel([3], { label: 9 });
    const [command] = sent('relabel');
    expect(command).toMatchObject({ rows: [3], label: 9 });
    expect(model.unsaved).toBe(1);
    kernel.post(answer(command!.request as string));
    expect(model.unsaved).toBe(0);
    const label = model.points!.label;
    expect(label?.kind === 'class' && label.codes[3]).toBe(9);
    expect(model.points!.dropped[3]).toBe(1);
    expect(model.points!.edits.count).toBe(2);
  });

  it('that Python refuses are no longer waited for, and its sentence is shown', () => {
    const { kernel, model, sent, frame } = setUp();
    frame(1);
    model.drop([1, 2], true);
    kernel.post({
      v: 1,
      t: 'error',
      request: sent('drop')[0]!.request,
      message: 'The edit was not saved: disk full.',
    });
    expect(model.unsaved).toBe(0);
    expect(model.problem).toBe('The edit was not saved: disk full.');
    expect(model.points!.dropped[1]).toBe(0);
  });

  it('with a code of no class are not applied: the whole state is asked for', () => {
    const { kernel, model, sent, frame } = setUp();
    frame(1);
    kernel.post({ ...answer('x'), codes: [12] });
    const label = model.points!.label;
    expect(label?.kind === 'class' && label.codes[3]).not.toBe(12);
    expect(sent('hello').length).toBe(2);
  });
});

describe('a kernel that does not answer', () => {
  it('is not reported where nobody asked for anything, nor that it could not be reached', () => {
    const { kernel, model, frame } = setUp();
    frame(1);
    model.ask('pictures', { do: 'code' }, true);
    vi.advanceTimersByTime(2 * SILENT_AFTER);
    kernel.send = () => {
      throw new Error('disposed');
    };
    model.ask('pictures', { do: 'code' }, true);
    expect([model.link, model.problem]).toEqual(['ok', null]);
    model.ask('pictures', { do: 'code' });
    expect(model.problem).toContain('disposed');
    vi.advanceTimersByTime(SILENT_AFTER + 10);
    expect(model.link).toBe('silent');
  });

  it('is reported, asked again, and forgiven when it speaks', () => {
    const { model, frame } = setUp();
    expect(model.link).toBe('waiting');
    vi.advanceTimersByTime(SILENT_AFTER + 10);
    expect(model.link).toBe('silent');
    frame(1);
    expect(model.link).toBe('ok');
    model.control('pause');
    expect(model.asked).toBe('pause');
    vi.advanceTimersByTime(SILENT_AFTER + 10);
    expect(model.link).toBe('silent');
  });

  it('keeps a pressed button waiting until the status shows that it was heard', () => {
    const { kernel, model, frame } = setUp();
    frame(1);
    model.control('pause');
    frame(2);
    expect(model.asked).toBe('pause');
    kernel.run.status = { ...kernel.run.status, pending: 'pause' };
    frame(3);
    expect(model.asked).toBeNull();
  });
});

describe('previews', () => {
  it('are asked for once, in requests of at most 200 rows, and kept', () => {
    const { kernel, model, sent, frame } = setUp();
    frame(1);
    const rows = Array.from({ length: 450 }, (_, i) => i);
    model.wantPreviews(rows);
    model.wantPreviews(rows);
    expect(sent('previews').map((command) => (command.rows as number[]).length)).toEqual([200, 200, 50]);
    kernel.post(
      { v: 1, t: 'previews', request: null, rows: [4, 0], kind: 'image', pixels: { b: 0, d: 'u1', n: 4 } },
      [Uint8Array.of(1, 2, 3, 4)]
    );
    expect(model.preview(4)).toEqual(Uint8Array.of(1, 2));
    expect(model.preview(0)).toEqual(Uint8Array.of(3, 4));
    vi.advanceTimersByTime(5000);
    model.wantPreviews([0, 4, 5]);
    expect(sent('previews').at(-1)!.rows).toEqual([5]);
  });
});

describe('what Python says to a part', () => {
  const said = (kind: string) => ({ v: 1, t: 'part', part: 'view', request: null, kind });

  it('is kept for other views, but for answers to one of them, until the model is gone', () => {
    const { kernel, model } = setUp();
    const kinds = (): string[] => {
      const heard: string[] = [];
      model.hear('view', ({ kind }) => heard.push(kind))();
      return heard;
    };
    const live: string[] = [];
    model.hear('view', ({ kind }) => live.push(kind));
    for (const kind of ['selection', 'code', 'file', 'log', 'columns ink', 'columns']) {
      kernel.post(said(kind), []);
    }
    expect(live).toEqual(['selection', 'code', 'file', 'log', 'columns ink', 'columns']);
    expect(kinds()).toEqual(['selection', 'code', 'columns']);
    model.dispose();
    expect(kinds()).toEqual([]);
  });
});

describe('dispose', () => {
  it('leaves no timer and no listener behind', () => {
    const { kernel, model, sent } = setUp();
    model.dispose();
    const before = sent('hello').length;
    vi.advanceTimersByTime(60_000);
    expect(sent('hello').length).toBe(before);
    expect(kernel.listeners.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
