// @vitest-environment jsdom

import { describe, expect, it, vi } from 'vitest';

import { ranks } from '../src/columns';
import { derive } from '../src/derive';
import { h } from '../src/dom';
import { arranged } from '../src/parts/columns/arrange';
import type { Hub, PartMessage } from '../src/parts/part';
import { createPopover } from '../src/parts/popover';
import { makeView } from '../src/parts/view';
import { makeMenus } from '../src/parts/view/menus';
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
const loaded = vi.hoisted(() => ({ module: (): Promise<unknown> => Promise.reject(new Error('blocked')) }));
vi.mock('../src/parts/module', () => ({ moduleOf: () => loaded.module() }));

describe('the menus', () => {
  const points = makePoints([1, 2, 3, 4, 5, 6]);
  const rest = (): Promise<void> => new Promise((done) => setTimeout(done));

  function stand() {
    let state: UiState = INITIAL;
    const asked: [part: string, body: Record<string, unknown>][] = [];
    const hearers = new Map<string, ((message: PartMessage) => void)[]>();
    const complained: string[] = [];
    const source = {
      points,
      ask: (part: string, body: Record<string, unknown>) => `r${asked.push([part, body])}`,
      hear(part: string, hearer: (message: PartMessage) => void) {
        hearers.set(part, [...(hearers.get(part) ?? []), hearer]);
        return () => undefined;
      },
      tell: () => undefined,
      complain: (words: string) => complained.push(words),
    };
    const set = (by: (s: UiState) => UiState): void => void (state = by(state));
    const hub = { source, set, grid: () => undefined } as unknown as Hub;
    const part = makeView(hub);
    const says = (
      of: string,
      kind: string,
      body: Record<string, unknown>,
      buffers: ArrayBuffer[] = []
    ): void => hearers.get(of)?.forEach((hear) => hear({ part: of, kind, request: null, body, buffers }));
    const paint = (): void => {
      const columns = arranged(points, 'wide', Infinity);
      part.paint!({ points, state, derived: derive(points, state, null, false), focus: -1, columns });
    };
    const panel = h('div', { class: 'panel' }, ...part.tools!, ...part.bar!, ...part.overlays!);
    document.body.replaceChildren(panel);
    const find = (testid: string) => panel.querySelector<HTMLElement>(`[data-testid="${testid}"]`)!;
    return { asked, complained, find, paint, panel, says, set, state: () => state };
  }
  const press = (button: HTMLElement): void => {
    button.focus();
    button.click();
  };

  it('are not asked for while nobody turns to the panel, and what Python sets holds without them', () => {
    const { asked, find, paint, panel, says, state } = stand();
    const names = ['rule', 'export', 'columns-open'];
    const buttons = names.map(find);
    const attributes = (of: HTMLElement) => [
      of.hidden,
      of.getAttribute('aria-haspopup'),
      of.getAttribute('aria-expanded'),
    ];
    expect(buttons.map(attributes)).toEqual([
      [true, 'dialog', 'false'],
      [false, 'dialog', 'false'],
      [false, 'dialog', 'false'],
    ]);
    const rows = { b: 0, d: 'u4', n: 2 };
    says('view', 'selection', { rows }, [Uint32Array.from([1, 4]).buffer]);
    says('view', 'filters', { filters: { ranges: { value: [null, 3] } } });
    says('view', 'arrangement', {
      arrangement: { sort: [['label', true]], columns: null, gallery: true },
    });
    paint();
    paint();
    expect([...state().selected]).toEqual([1, 4]);
    expect(state().filters.value).toEqual([-Infinity, 3]);
    expect(state()).toMatchObject({ sort: [{ column: 'label', descending: true }], gallery: true });
    expect(asked).toEqual([]);
    panel.dispatchEvent(new Event('pointerenter'));
    expect(asked).toEqual([['view', { do: 'code' }]]);
    expect(names.map(find)).toEqual(buttons);
  });

  it('open below their button when they come, with the focus in them', async () => {
    loaded.module = () => Promise.resolve(makeMenus);
    const { asked, find, paint, says } = stand();
    paint();
    says('control', 'state', { rule: true, words: 'at 95 %', utilities: false, name: 'run' });
    says('columns', 'offered', { names: ['ink'], numbers: [] });
    paint();
    expect([find('rule').hidden, find('rule').title]).toEqual([false, 'When the run stops: at 95 %']);
    press(find('columns-open'));
    press(find('columns-open'));
    says('view', 'code', { text: 'x' });
    await rest();
    expect(asked).toEqual([['view', { do: 'code' }]]);
    expect(find('columns').hidden).toBe(false);
    expect(find('columns-open').getAttribute('aria-expanded')).toBe('true');
    expect(document.activeElement).toBe(find('columns-find'));
    press(find('columns-open'));
    expect([find('columns').hidden, find('columns-open').getAttribute('aria-expanded')]).toEqual([
      true,
      'false',
    ]);
    for (const name of ['export', 'rule']) {
      press(find(name));
      expect(find(`${name}-menu`).contains(document.activeElement)).toBe(true);
      expect(find(`${name}-menu`).getAttribute('aria-label')).toBe(find(name).textContent);
    }
  });

  it('are said to be missing where somebody who clicked looks', async () => {
    loaded.module = () => Promise.reject(new Error('blocked'));
    const { complained, find, paint, says } = stand();
    paint();
    press(find('export'));
    says('view', 'code', { text: 'x' });
    await rest();
    expect(complained).toEqual([expect.stringMatching(/^The menu could not be loaded here: Error: blocked/)]);
  });

  it('need not be there for features that are shown, sorted or filtered by: each is asked for once', () => {
    const { asked, paint, says, set } = stand();
    const names = (): unknown[] => asked.splice(0).map(([part, { what, name }]) => [part, what, name]);
    const shown = { 'x:feature:ink': true, 'x:feature:area': false, stderr: true };
    says('view', 'arrangement', {
      arrangement: { sort: [['x:feature:ink', true]], gallery: false, columns: null },
    });
    says('view', 'filters', { filters: { ranges: { 'x:feature:edge': [0, 1] } } });
    paint();
    paint();
    set((s) => ({ ...s, columns: { order: [], shown, width: {}, pinned: [] } }));
    paint();
    paint();
    expect(names()).toEqual([
      ['columns', 'feature', 'ink'],
      ['columns', 'feature', 'edge'],
    ]);
    const data = { kind: 'number', values: new Float32Array(6) } as const;
    points.extra.set('feature:ink', { id: 'feature:ink', name: 'ink', tip: '', data });
    says('columns', 'offered', { names: ['ink', 'edge'], numbers: [] }); // anew: what was asked for is lost
    paint();
    expect(names()).toEqual([['columns', 'feature', 'edge']]);
    points.extra.clear();
  });
});

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
