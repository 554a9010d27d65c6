// @vitest-environment jsdom

import { describe, expect, it, vi } from 'vitest';

import { makeAgain } from '../src/parts/again';
import type { Hub, PartMessage } from '../src/parts/part';
import { makeWhatIf, sentencesOf } from '../src/parts/whatif';
import { createChart, linesOf } from '../src/parts/whatif/chart';
import { readCurve, type Curve } from '../src/parts/whatif/read';
import { WireError, type Json } from '../src/read';
import { INITIAL, type UiState } from '../src/state';
import { makePoints, STATUS } from './make';

const flat = (score: number[], error = 0.01, gainError = 0.004) => ({
  score,
  error: score.map(() => error),
  gain: score.map((x) => x - score[0]!),
  gain_error: score.map((_, i) => (i === 0 ? 0 : gainError)),
});

function body(more: Json = {}, best: number | null = 2): Json {
  const accuracy = {
    name: 'accuracy',
    lowest: flat([0.9, 0.91, 0.95, 0.92]),
    random: flat([0.9, 0.9, 0.89, 0.89]),
    edited: flat([0.94]),
    best,
  };
  const loss = { ...accuracy, name: 'neg_log_loss', lowest: flat([-0.3, -0.3, -0.31, -0.35]), best: null };
  return {
    state: 'done',
    done: 180,
    total: 180,
    left: 0,
    shares: [0, 2.5, 5, 10],
    counts: [0, 5, 10, 20],
    finished: 10,
    failures: 0,
    certain: 2,
    held_out: true,
    test: 200,
    at: STATUS.done,
    turn: 0,
    edits: 3,
    metrics: [accuracy, loss],
    ...more,
  };
}

const read = (more: Json = {}, best: number | null = 2): Curve => readCurve(body(more, best));

describe('what the curve says', () => {
  const said = (curve: Curve, at = 0, stale = false): string =>
    sentencesOf(curve, curve.metrics[at]!, stale).join(' ');

  it('suggests a drop only with held-out points, and says by how much and how sure', () => {
    const words = said(read());
    expect(words).toContain(
      'Drop the lowest 5\u00a0% (10 points): +0.050 ± 0.004, at random \u22120.010 ± 0.004.'
    );
    expect(words).toContain('No sure gain there for neg_log_loss.');
    expect(words).toContain('With your edits (3 points; dotted)');
    expect(words).toContain('Scored on 200 held-out points.');
    const seen = said(read({ held_out: false }));
    expect(seen).not.toContain('Drop the lowest');
    expect(seen).toContain('Highest without the lowest 5\u00a0%');
    expect(seen).toContain('no evidence for dropping');
  });

  it('says so where no gain is sure, where fits failed, and where the values have moved on', () => {
    const words = said(read({ failures: 1 }, null), 0, true);
    expect(words).toContain('nothing speaks for dropping');
    expect(words).toContain('1 fit failed and is left out.');
    expect(words).toContain('The values have changed since.');
    expect(said(read({ state: 'running' }, null))).not.toContain('nothing speaks');
  });
});

describe('the lines', () => {
  it('share one scale, the band goes forth and back, and what failed is left out', () => {
    const broken = body();
    (broken.metrics as Json[])[0] = {
      ...(broken.metrics as Json[])[0]!,
      lowest: { ...flat([0.9, 0.91, 0.95, 0.92]), score: [0.9, null, 0.95, 0.92] },
    };
    const curve = readCurve(broken);
    const lines = linesOf(curve, curve.metrics[0]!);
    expect(lines.low).toBeCloseTo(0.89);
    expect(lines.high).toBeCloseTo(0.96);
    expect(lines.x).toEqual([0, 53, 106, 212]);
    expect(lines.lowest.split(' ').map((at) => at.split(',')[0])).toEqual(['0.0', '106.0', '212.0']);
    const band = lines.band.split(' ').map((at) => Number(at.split(',')[0]));
    expect(band).toEqual([0, 106, 212, 212, 106, 0]);
    const heights = lines.lowest.split(' ').map((at) => Number(at.split(',')[1]));
    expect(heights[1]).toBeLessThan(heights[0]!);
    expect(lines.edited).toBeGreaterThan(heights[1]!);
    expect(lines.edited).toBeLessThan(heights[0]!);
  });

  it.each([
    { metrics: 'none' },
    { shares: [0, 1] },
    { metrics: [{ name: 'a', best: 9 }] },
    { done: -1 },
    { state: 3 },
  ])('refuse what is not as promised: %j', (more) => {
    expect(() => read(more as Json)).toThrow(WireError);
  });
});

function fakeHub() {
  const hearers = new Map<string, (message: PartMessage) => void>();
  let state: UiState = INITIAL;
  const source = {
    points: makePoints([1, 2, 3]),
    ask: vi.fn(() => 'r1'),
    hear: (part: string, listener: (message: PartMessage) => void) => {
      const before = hearers.get(part);
      hearers.set(part, (message) => {
        before?.(message);
        listener(message);
      });
      return () => undefined;
    },
    subscribe: () => () => undefined,
    complain: vi.fn(),
    tell: vi.fn(),
  };
  const set = (change: (s: UiState) => UiState) => (state = change(state));
  const say = (part: string, kind: string, content: Json, buffers: ArrayBuffer[] = []) =>
    hearers.get(part)!({ part, request: null, kind, body: content, buffers });
  return { hub: { source, set } as unknown as Hub, source, say, state: () => state };
}

describe('the card', () => {
  it('asks, shows the curve as it comes, lets a metric be chosen, and cancels', () => {
    const { hub, source, say } = fakeHub();
    const card = makeWhatIf(hub).overview![0]!;
    const at = (name: string) => card.querySelector<HTMLElement>(`[data-testid=${name}]`)!;
    say('whatif', 'about', { possible: false, why: 'Random values are about no model.' });
    expect(at('whatif').hidden).toBe(true);
    expect(card.textContent).toContain('about no model');
    say('whatif', 'about', { possible: true, why: '', model: 'GaussianNB' });
    at('whatif').click();
    expect(source.ask).toHaveBeenLastCalledWith('whatif', { do: 'run' });
    say('whatif', 'curve', body({ state: 'running', done: 34, left: 12 }));
    expect(at('whatif-progress').textContent).toBe('34 of 180 fits · 12 s left');
    at('whatif-cancel').click();
    expect(source.ask).toHaveBeenLastCalledWith('whatif', { do: 'cancel' });
    say('whatif', 'curve', body());
    expect(at('whatif-drop').textContent).toBe('drop 5\u00a0%');
    expect(at('whatif-chart').getAttribute('aria-label')).toContain(
      'accuracy without the lowest points: 0\u00a0% dropped'
    );
    const choose = at('whatif-metric') as HTMLSelectElement;
    choose.value = 'neg_log_loss';
    choose.dispatchEvent(new Event('change'));
    expect(at('whatif-drop').textContent).toBe('');
    say('whatif', 'curve', body({ method: source.points.method }));
    expect(at('whatif-words').textContent).not.toContain('have changed since');
    say('whatif', 'curve', body({ method: 'another semivalue' }));
    expect(at('whatif-words').textContent).toContain('The values have changed since.');
    say('again', 'waiting', { waiting: 0, turn: 1 });
    say('whatif', 'curve', body());
    expect(at('whatif-words').textContent).toContain('The values have changed since.');
    say('whatif', 'curve', { ...body(), state: 'failed', why: 'It broke.', metrics: [] });
    expect(at('whatif-words').textContent).toContain('It broke.');
    say('whatif', 'curve', { state: 3 });
    expect(source.complain).toHaveBeenCalledOnce();
  });
});

describe('valuing again', () => {
  it('can be asked for when there are edits and no run, and the values before come as a column', () => {
    const { hub, source, say, state } = fakeHub();
    const part = makeAgain(hub);
    const button = part.deeds![0] as HTMLButtonElement;
    expect(button.disabled).toBe(true);
    say('again', 'waiting', { waiting: 2, turn: 0 });
    expect(button.disabled).toBe(true); // it runs
    source.points.status = { ...STATUS, state: 'finished' };
    part.paint!(null as never);
    expect(button.disabled).toBe(false);
    expect(button.title).toContain('2 points edited since');
    button.click();
    expect(source.ask).toHaveBeenLastCalledWith('again', { do: 'value' });
    say('again', 'before', { values: null });
    expect(source.points.extra.size).toBe(0);
    const values = { b: 0, d: 'f4', n: 3 };
    say('again', 'before', { values }, [Float32Array.from([3, 2, 1]).buffer]);
    const column = source.points.extra.get('before')!;
    expect(column.data.kind === 'number' && [...column.data.values]).toEqual([3, 2, 1]);
    expect(state().columns?.shown['x:before']).toBe(true);
    say('again', 'before', { values: { ...values, n: 2 } }, [new ArrayBuffer(8)]);
    expect(source.complain).toHaveBeenCalledOnce();
  });
});

it('names both ends of its scale, the upper one where the words of the mark are not', () => {
  for (const [best, left] of [
    [1, 'auto'],
    [3, ''],
  ] as const) {
    const chart = createChart();
    const curve = read({}, best);
    chart.update(curve, curve.metrics[0]!);
    const [highest, lowest] = chart.element.querySelectorAll<HTMLElement>('.whatif-range');
    expect([highest!.hidden, highest!.style.left, highest!.textContent]).toEqual([false, left, '0.960']);
    expect(lowest!.textContent).toBe('0.890');
  }
});
