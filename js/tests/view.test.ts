// @vitest-environment jsdom

import { describe, expect, it, vi } from 'vitest';
import { ranks } from '../src/columns';
import { derive } from '../src/derive';
import { h } from '../src/dom';
import { arranged } from '../src/parts/columns/arrange';
import type { Hub, PartMessage } from '../src/parts/part';
import { createPopover } from '../src/parts/popover';
import { rangesOf } from '../src/parts/view/ranges';
import { csv, pythonOf } from '../src/parts/view/rows';
import { ruleOf } from '../src/parts/view/rule';
import * as arrangement from '../src/parts/view/arrangement';
import { createSemivalues } from '../src/parts/view/semivalues';
import { createSync } from '../src/parts/view/sync';
import { INITIAL, type UiState } from '../src/state';
import { makePoints } from './make';

describe('rows for other programs', () => {
  it('are ranges whatever the order', () => {
    expect(rangesOf([6, 3, 5, 0])).toEqual([0, 1, 3, 4, 5, 7]);
    expect(rangesOf([])).toEqual([]);
    expect(pythonOf(new Set([9, 2]))).toBe('panel.selection = [2, 9]');
  });

  it('are CSV without formulas, in the order given', () => {
    const points = makePoints([-0.5, 2, NaN], { ids: ['=1+1', 'a"b,c', '-7'] });
    const text = csv(points, ranks(points), arranged(points, 'wide', Infinity), [1, 0, 2]);
    const lines = text.trimEnd().split('\r\n');
    const at = lines[0]!.split(',').indexOf('value');
    expect(lines[0]).toContain('id');
    expect(lines[1]).toContain('"a""b,c"');
    expect(lines[2]).toContain("'=1+1");
    expect(lines[2]!.split(',')[at]).toBe('-0.5');
    expect(lines[3]).toContain("'-7");
    expect(lines[3]!.split(',')[at]).toBe('');
  });
});

describe('a sheet below a button', () => {
  function opened() {
    const [button, first, other] = [h('button'), h('input'), h('button')];
    const sheet = h('div', {}, h('button'), first);
    document.body.replaceChildren(button, sheet, other);
    const popover = createPopover(button, sheet, () => undefined, first);
    button.click();
    return { button, first, other, sheet, popover };
  }
  const press = (on: Element) =>
    on.dispatchEvent(new Event('pointerdown', { bubbles: true, composed: true }));

  it('is closed by Escape, which the panel does not hear, and gives the focus back', () => {
    const { button, first, sheet } = opened();
    expect([sheet.hidden, button.getAttribute('aria-expanded')]).toEqual([false, 'true']);
    expect(document.activeElement).toBe(first);
    const heard = vi.fn();
    document.body.addEventListener('keydown', heard, { once: true });
    first.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
    expect([sheet.hidden, button.getAttribute('aria-expanded')]).toEqual([true, 'false']);
    expect(document.activeElement).toBe(button);
    expect(heard).not.toHaveBeenCalled();
  });

  it('is closed by a click elsewhere, which takes the focus where it wants', () => {
    const { button, other, first, sheet, popover } = opened();
    press(first);
    press(button); // its own click closes it
    expect(popover.isOpen()).toBe(true);
    press(other);
    expect([sheet.hidden, popover.isOpen()]).toEqual([true, false]);
    expect(document.activeElement).not.toBe(button);
  });

  it('listens to nothing once the panel is gone', () => {
    const { other, popover } = opened();
    popover.end();
    press(other);
    expect(popover.isOpen()).toBe(true);
  });
});

describe('a rule', () => {
  it.each([
    ['95', '', { certainty: 0.95, minutes: null }],
    ['99.9', '20', { certainty: 0.999, minutes: 20 }],
    ['', '', { certainty: null, minutes: null }],
    ['100', '', null],
    ['', '0', null],
    ['97,5', '', { certainty: 0.975, minutes: null }],
    ['', '1,000', null],
    ['a', '', null],
  ])('of %j percent and %j minutes', (percent, minutes, rule) => {
    expect(ruleOf(percent, minutes)).toEqual(rule);
  });
});

describe('the selection', () => {
  function world() {
    const points = makePoints([1, 2, 3, 4, 5, 6]);
    let state: UiState = INITIAL;
    const asked: Record<string, unknown>[] = [];
    const source = {
      points,
      ask: (_part: string, body: Record<string, unknown>) => `r${asked.push(body)}`,
      tell: () => undefined,
    };
    const hub = { source, set: (by: (s: UiState) => UiState) => (state = by(state)) } as unknown as Hub;
    const sync = createSync(hub);
    const paint = (): void =>
      sync.paint({ points, state, derived: derive(points, state, null, false), focus: -1, columns: [] });
    const select = (...rows: number[]): void => void (state = { ...state, selected: new Set(rows) });
    const says = (rows: number[], request: string | null = null): void => {
      const body = { rows: { b: 0, d: 'u4', n: rows.length } };
      const buffers = [Uint32Array.from(rows).buffer];
      sync.hear({ part: 'view', kind: 'selection', request, body, buffers });
    };
    const set = (part: Partial<UiState>): void => void (state = { ...state, ...part });
    return { asked, paint, select, says, set, state: () => state, sync };
  }

  it('goes to Python once it rests, and its echo changes nothing', () => {
    vi.useFakeTimers();
    const { asked, paint, select, says, state } = world();
    paint();
    select(1);
    paint();
    select(1, 2);
    paint();
    vi.advanceTimersByTime(99);
    expect(asked).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(asked).toEqual([{ do: 'selection', ranges: [1, 3] }]);
    select(4);
    says([1, 2], 'r1');
    paint();
    expect([...state().selected]).toEqual([4]);
    vi.useRealTimers();
  });

  it('is no other because rows were found anew: what Python says then is taken, and nothing is said to it', () => {
    vi.useFakeTimers();
    const { asked, paint, set, state, sync } = world();
    const filtered = (text: string): void => {
      const body = { filters: { text } };
      sync.hear({ part: 'view', kind: 'filters', request: null, body, buffers: [] });
    };
    paint();
    filtered('a');
    paint();
    paint();
    set({ filters: { ...state().filters } });
    filtered('b');
    paint();
    vi.advanceTimersByTime(200);
    expect([state().filters.text, asked]).toEqual(['b', []]);
    vi.useRealTimers();
  });

  it('is not taken back by what a slow kernel says late', () => {
    vi.useFakeTimers();
    const { asked, paint, select, says, set, state, sync } = world();
    const rest = (): void => {
      paint();
      vi.advanceTimersByTime(200);
    };
    const filtered = (text: string, request: string | null): void => {
      const body = { filters: { text } };
      sync.hear({ part: 'view', kind: 'filters', request, body, buffers: [] });
      paint();
    };
    paint();
    select(1);
    rest();
    select(1, 2);
    rest();
    set({ filters: { ...INITIAL.filters, text: 'a' } });
    rest();
    set({ filters: { ...INITIAL.filters, text: 'ab' } });
    rest();
    expect(asked).toHaveLength(4);
    says([1], 'r1');
    paint();
    filtered('a', 'r3');
    expect([[...state().selected], state().filters.text]).toEqual([[1, 2], 'ab']);

    // what Python says between is overruled by what it heard later, as it is there
    says([5]);
    paint();
    filtered('python', null);
    expect([[...state().selected], state().filters.text]).toEqual([[5], 'python']);
    says([1, 2], 'r2');
    filtered('ab', 'r4');
    expect([[...state().selected], state().filters.text]).toEqual([[1, 2], 'ab']);
    rest();
    expect(asked).toHaveLength(4);
    vi.useRealTimers();
  });

  it('comes from Python, and is not sent back', () => {
    vi.useFakeTimers();
    const { asked, paint, says, state } = world();
    says([0, 5]);
    paint();
    paint();
    vi.advanceTimersByTime(500);
    expect([...state().selected]).toEqual([0, 5]);
    expect(asked).toEqual([]);
    vi.useRealTimers();
  });

  it('leaves the order and the columns to the view, which begins with the last that Python kept', () => {
    vi.useFakeTimers();
    const kept = {
      sort: [{ column: 'label', descending: true }],
      gallery: true,
      columns: {
        order: ['value'],
        shown: { 'x:feature:ink': true, stderr: false },
        width: { value: 200 },
        pinned: [],
      },
    } as const;
    const told = (of: arrangement.Kept) => ({
      part: 'view',
      kind: 'arrangement',
      request: null,
      body: { arrangement: JSON.parse(JSON.stringify(arrangement.toJson(of))) as unknown },
      buffers: [],
    });
    const { asked, paint, sync, state, set } = world();
    sync.hear(told(kept));
    paint();
    paint();
    vi.advanceTimersByTime(500);
    expect(state()).toMatchObject(kept);
    expect(asked).toEqual([]);
    set({ sort: INITIAL.sort });
    paint();
    vi.advanceTimersByTime(500);
    expect(asked.at(-1)).toEqual({
      do: 'arrangement',
      arrangement: { ...arrangement.toJson(kept), sort: [['value', false]] },
    });
    sync.hear(told(kept)); // of another view
    paint();
    expect(state().sort).toEqual(INITIAL.sort);
    vi.useRealTimers();
  });

  it.each([
    [{ sort: [['vaule', true]] }, 'cannot be sorted by'],
    [{ sort: [['value']] }, 'cannot be sorted by'],
    [{ columns: { order: [], shown: {}, width: { value: '9' }, pinned: [] } }, 'wide'],
    [{ columns: { order: 3, shown: {}, width: {}, pinned: [] } }, 'order should be a list'],
  ])('refuses an arrangement that is none: %j', (part, words) => {
    const good = { sort: [], columns: null, gallery: false };
    expect(arrangement.fromJson(good)).toEqual({ sort: [], gallery: false });
    expect(() => arrangement.fromJson({ ...good, ...part })).toThrow(words);
  });
});

/** The late half as the page would import it. */
describe('semivalues', () => {
  function offered() {
    const asked: Record<string, unknown>[] = [];
    const source = { ask: (_: string, more: Record<string, unknown>) => String(asked.push(more)) };
    const done = vi.fn();
    const made = createSemivalues({ source } as unknown as Hub, done);
    const hear = (kind: string, body: Record<string, unknown>, request = String(asked.length)) =>
      made.hear({ kind, body, request, buffers: [] } as unknown as PartMessage);
    made.open();
    const methods = [
      { name: 'Shapley', good: true },
      { name: 'Banzhaf', good: false },
    ];
    return { asked, done, hear, methods, element: made.element };
  }
  const button = (of: Element, testid: string) =>
    of.querySelector<HTMLButtonElement>(`[data-testid='${testid}']`)!;

  it('are listed with the one that is shown, which is no column beside itself', () => {
    const { element, hear, methods } = offered();
    hear('methods', { methods, shown: 'Banzhaf' });
    expect(button(element, 'as-Banzhaf').getAttribute('aria-pressed')).toBe('true');
    expect(button(element, 'as-Banzhaf').textContent).toContain('told badly');
    expect(button(element, 'as-Shapley').getAttribute('aria-pressed')).toBe('false');
    expect([button(element, 'beside-Banzhaf').hidden, button(element, 'beside-Shapley').hidden]).toEqual([
      true,
      false,
    ]);
  });

  it('are switched, or come as a column, and old answers are nobody’s', () => {
    const { asked, done, element, hear, methods } = offered();
    hear('methods', { methods, shown: 'Shapley' });
    button(element, 'as-Banzhaf').click();
    hear('switched', { name: 'Banzhaf' }, '1');
    expect(done).not.toHaveBeenCalled();
    hear('switched', { name: 'Banzhaf' });
    expect(done).toHaveBeenLastCalledWith(null);
    button(element, 'beside-Banzhaf').click();
    hear('column', { name: 'Banzhaf' });
    expect(done).toHaveBeenLastCalledWith('Banzhaf');
    expect(asked).toEqual([
      { do: 'methods' },
      { do: 'switch', name: 'Banzhaf' },
      { do: 'column', name: 'Banzhaf' },
    ]);
  });

  it('are none where the evaluations tell no other', () => {
    const { element, hear } = offered();
    hear('methods', { methods: [], shown: 'KNN-Shapley' });
    expect(element.querySelector('button')).toBeNull();
    expect(element.textContent).toMatch(/no other/);
  });
});
