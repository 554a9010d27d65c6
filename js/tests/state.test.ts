import { describe, expect, it } from 'vitest';

import { derive, rederive } from '../src/derive';
import { actionOf, editOf } from '../src/keys';
import { nextPanel } from '../src/hosts/lab/order';
import { columnsFor, decimalsOf, numberWidth, roomFor, tableWidth } from '../src/layout';
import * as ui from '../src/state';
import { makePoints } from './make';

const ORDER = Uint32Array.from([4, 2, 0, 1, 3]);
const at = (focus: number): ui.UiState => ui.focusOn(ui.INITIAL, focus);

describe('sorting', () => {
  it('turns a column around on the second click and starts anew with another', () => {
    const once = ui.sortBy(ui.INITIAL, 'stderr', false);
    expect(once.sort).toEqual([{ column: 'stderr', descending: false }]);
    expect(ui.sortBy(once, 'stderr', false).sort).toEqual([{ column: 'stderr', descending: true }]);
    expect(ui.sortBy(ui.INITIAL, 'value', false).sort).toEqual([{ column: 'value', descending: true }]);
  });

  it('refines with shift', () => {
    const two = ui.sortBy(ui.INITIAL, 'count', true);
    expect(two.sort.map((key) => key.column)).toEqual(['value', 'count']);
    expect(ui.sortBy(two, 'value', true).sort[0]).toEqual({ column: 'value', descending: true });
  });
});

describe('selection', () => {
  it('reaches from the anchor as the table stands', () => {
    const state = ui.selectTo(at(2), 1, ORDER);
    expect([...state.selected].sort()).toEqual([0, 1, 2]);
    expect(state.anchor).toBe(2);
    expect([...ui.selectTo(state, 4, ORDER).selected].sort()).toEqual([0, 1, 2, 4]);
  });

  it('toggles one, and all that are shown', () => {
    const one = ui.toggleRow(ui.INITIAL, 3);
    expect([...one.selected]).toEqual([3]);
    expect([...ui.toggleRow(one, 3).selected]).toEqual([]);
    const all = ui.toggleAll(one, [3, 4]);
    expect([...all.selected]).toEqual([3, 4]);
    expect([...ui.toggleAll(all, [3]).selected]).toEqual([4]);
  });

  it('is what edits act on; without one it is the point in focus', () => {
    expect(ui.targets(ui.INITIAL)).toEqual([]);
    expect(ui.targets(at(3))).toEqual([3]);
    expect(ui.targets(ui.toggleRow(ui.toggleRow(at(3), 4), 1))).toEqual([1, 4]);
  });

  it('never changes the state it was given', () => {
    const state = ui.toggleRow(ui.INITIAL, 1);
    ui.toggleRow(state, 2);
    ui.togglePreset(state, 'lowest');
    expect([...state.selected]).toEqual([1]);
    expect([...state.filters.presets]).toEqual([]);
    expect([...ui.INITIAL.selected]).toEqual([]);
  });
});

describe('neighbour', () => {
  it('moves in the order shown and stops at the ends', () => {
    expect(ui.neighbour(at(2), ORDER, 1)).toBe(0);
    expect(ui.neighbour(at(2), ORDER, -1)).toBe(4);
    expect(ui.neighbour(at(4), ORDER, -1)).toBe(4);
    expect(ui.neighbour(at(2), ORDER, Infinity)).toBe(3);
    expect(ui.neighbour(at(2), ORDER, -Infinity)).toBe(4);
  });

  it('starts at the first row when the focus is filtered out', () => {
    expect(ui.neighbour(at(9), ORDER, 1)).toBe(4);
    expect(ui.neighbour(at(9), [], 1)).toBe(-1);
  });
});

describe('keys', () => {
  const press = (key: string, inGrid = true, more = {}) =>
    actionOf({ key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...more }, inGrid);
  const edit = (key: string, more = {}) =>
    editOf({ key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...more });

  it('relabel, drop and undo anywhere in the panel', () => {
    expect(edit('3')).toEqual({ do: 'relabel', key: '3' });
    expect(edit('x')).toEqual({ do: 'drop' });
    expect(edit('u')).toEqual({ do: 'undo' });
    expect(edit('U', { shiftKey: true })).toEqual({ do: 'redo' });
  });

  it('scroll and select only in the table', () => {
    expect(press('ArrowDown', false)).toBeNull();
    expect(press('ArrowDown', true, { shiftKey: true })).toEqual({ do: 'move', by: 1, extend: true });
    expect(press(' ', true)).toEqual({ do: 'select' });
    expect(press('a', true, { ctrlKey: true })).toEqual({ do: 'all' });
  });

  it("leave the notebook's and the browser's own keys alone", () => {
    expect(['b', 'd', 'm', 'Enter'].map((key) => press(key))).toEqual([null, null, null, null]);
    expect(edit('x', { ctrlKey: true })).toBeNull();
    expect(edit('3', { altKey: true })).toBeNull();
    expect(press('n', true, { altKey: true })).toBeNull();
  });
});

describe('derive', () => {
  const points = makePoints([3, 1, 2]);
  const first = derive(points, ui.INITIAL, null, false);

  it('holds the order while somebody works, and only then', () => {
    const moved = makePoints([0, 1, 2]);
    expect([...derive(moved, ui.INITIAL, first, true).order]).toEqual([1, 2, 0]);
    expect([...derive(moved, ui.INITIAL, first, false).order]).toEqual([0, 1, 2]);
  });

  it('gives the order up when the filters let other rows through', () => {
    const few = ui.filter(ui.INITIAL, { value: [0.5, 2.5] });
    expect([...derive(points, few, first, true).order]).toEqual([1, 2]);
  });

  it('keeps everything when only the focus moved', () => {
    expect(rederive(points, at(1), ui.INITIAL, first)).toBe(first);
    const ticked = rederive(points, ui.toggleRow(ui.INITIAL, 0), ui.INITIAL, first);
    expect(ticked.order).toBe(first.order);
    expect(ticked.counts.selected).toBe(1);
  });

  it('keeps 0 and the threshold on the value axis', () => {
    expect([first.scale.lo, first.scale.hi]).toEqual([0, Math.fround(3) + Math.fround(0.1)]);
    const wide = derive(makePoints([1, 2], { stderr: Float32Array.of(9, 9) }), ui.INITIAL, null, false).scale;
    expect([wide.lo, wide.hi]).toEqual([0, 2.15]);
    expect(first.scale.decimals).toBe(2);
  });
});

describe('layout', () => {
  it('shows preview, label and value only where it is narrow', () => {
    const points = makePoints([1], {
      preview: { kind: 'image', width: 8, height: 8, channels: 1 },
      label: { kind: 'number', values: new Float64Array(1), original: new Float64Array(1) },
      features: [{ name: 'ink', values: new Float32Array(1) }],
    });
    expect(columnsFor(points, 'narrow').map((c) => c.kind)).toEqual(['image', 'label', 'value']);
    const wide = columnsFor(points, 'wide');
    expect(wide.map((c) => c.kind)).toEqual([
      'select',
      'rank',
      'image',
      'label',
      'value',
      'stderr',
      'count',
      'feature',
    ]);
    expect(tableWidth(wide)).toBeGreaterThan(500);
    expect([300, 559, 560, 899, 900].map(roomFor)).toEqual(['narrow', 'narrow', 'medium', 'medium', 'wide']);
  });
});

describe('columns of numbers', () => {
  const kinds = (live: boolean, more: object) =>
    columnsFor(makePoints([1, 2], more), 'wide', Infinity, live).map((c) => c.kind);

  it('are left out of a copy where no point has an error or an update; a live panel waits for them', () => {
    const none = { stderr: Float32Array.of(NaN, NaN), count: new Uint32Array(2) };
    expect(kinds(false, none)).toEqual(['select', 'rank', 'id', 'value']);
    expect(kinds(true, none)).toEqual(['select', 'rank', 'id', 'value', 'stderr', 'count']);
    const some = { stderr: Float32Array.of(NaN, 0.5), count: Uint32Array.of(0, 3) };
    expect(kinds(false, some)).toEqual(kinds(true, some));
  });

  it('share their decimals, unless most of the digits would be lost', () => {
    const spread = Float32Array.from({ length: 100 }, (_, i) => 10 ** (i / 20 - 4));
    expect(decimalsOf(spread)).toBe(Infinity);
    expect(decimalsOf(spread.map((x) => -x))).toBe(Infinity);
    expect(decimalsOf(Float32Array.from({ length: 100 }, (_, i) => Math.sin(i)))).toBe(2);
    expect(decimalsOf(Float32Array.from({ length: 100 }, (_, i) => (i % 4 === 0 ? i / 200 : 0)))).toBe(3);
    expect([Float32Array.of(0, 0), Float32Array.of(NaN), Float32Array.of(1, 900)].map(decimalsOf)).toEqual([
      0, 0, 0,
    ]);
  });

  it('have room for powers of ten', () => {
    const spread = Float32Array.from({ length: 100 }, (_, i) => 10 ** (i / 2 - 40));
    expect([spread, Float32Array.of(1, 2)].map((numbers) => numberWidth('ink', numbers))).toEqual([
      '90px',
      '76px',
    ]);
  });

  it('say what the value is called', () => {
    const named = (more: object) => columnsFor(makePoints([1], more), 'narrow').at(-1)!.name;
    expect([named({}), named({ value_name: 'quantile' })]).toEqual(['value', 'quantile']);
  });
});

describe('nextPanel', () => {
  it('goes on from the active cell and starts over', () => {
    const shows = [false, true, false, true];
    expect(nextPanel(shows, 0)).toBe(1);
    expect(nextPanel(shows, 1)).toBe(3);
    expect(nextPanel(shows, 3)).toBe(1);
    expect(nextPanel(shows, -1)).toBe(1);
    expect(nextPanel([false, false], 0)).toBe(-1);
    expect(nextPanel([], 0)).toBe(-1);
  });
});
