// @vitest-environment jsdom

import { describe, expect, it, vi } from 'vitest';

import { derive } from '../src/derive';
import { h } from '../src/dom';
import { arranged } from '../src/parts/columns/arrange';
import type { Hub, PartMessage } from '../src/parts/part';
import { makeView } from '../src/parts/view';
import { makeMenus } from '../src/parts/view/menus';
import { INITIAL, type UiState } from '../src/state';
import { makePoints } from './make';

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
    panel.dispatchEvent(new Event('pointerover'));
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

  it('offer what a run has come to while they are open', async () => {
    loaded.module = () => Promise.resolve(makeMenus);
    const { asked, find, paint, says } = stand();
    paint();
    press(find('export'));
    says('view', 'code', { text: 'x' });
    await rest();
    const isOffered = (): boolean => find('export-checkpoint').closest('[hidden]') === null;
    expect([isOffered(), asked.length]).toEqual([false, 1]);
    says('control', 'state', { rule: true, words: '', utilities: true, name: 'run' });
    paint();
    paint();
    await rest();
    expect(isOffered()).toBe(true);
    expect(asked.slice(1)).toEqual([
      ['control', { do: 'checkpoints' }],
      ['semivalue', { do: 'methods' }],
    ]);
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
