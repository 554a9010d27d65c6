// @vitest-environment jsdom
import { describe, expect, it, vi } from 'vitest';

import widget from '../src/hosts/widget';
import { stepTo } from '../src/parts/columns/cursor';
import { createMini, type MiniActions, type MiniData } from '../src/parts/columns/mini';
import { makeExpression } from '../src/parts/expression';
import { FakeKernel } from './harness/kernel.mjs';
import { makeRun } from './harness/frames.mjs';
import { onAPage, wait } from './page';

onAPage();

async function open() {
  const kernel = new FakeKernel(makeRun({ n: 60 }));
  const el = document.body.appendChild(document.createElement('div'));
  const made = widget();
  made.initialize({ model: kernel });
  made.render({ model: kernel, el });
  await wait(400);
  const root = el.querySelector('[data-dvl-panel]')!.shadowRoot!;
  const all = (selector: string) => [...root.querySelectorAll<HTMLElement>(selector)];
  const active = () => root.activeElement as HTMLElement;
  const press = async (key: string, more = {}) => {
    active().dispatchEvent(
      new KeyboardEvent('keydown', { key, bubbles: true, composed: true, cancelable: true, ...more })
    );
    await wait(400);
  };
  const rows = () => all('[data-testid="row"]').filter((row) => !row.hidden);
  /** The row with the focus, and the cell that it names. */
  const at = () => [
    rows().indexOf(active()),
    active().getAttribute('aria-activedescendant') &&
      root.querySelector('#dvl-cell')?.getAttribute('aria-colindex'),
  ];
  return { kernel, root, all, active, press, rows, at };
}

describe('cells of the row in focus', () => {
  it('are stepped through within the row, from the row as a whole and back', () => {
    expect(['ArrowRight', 'ArrowLeft', 'Home', 'End'].map((key) => stepTo(key, -1, 5))).toEqual([
      0,
      null,
      null,
      null,
    ]);
    expect(['ArrowRight', 'ArrowLeft', 'Home', 'End'].map((key) => stepTo(key, 0, 5))).toEqual([1, -1, 0, 4]);
    expect(['ArrowRight', 'ArrowDown', 'x'].map((key) => stepTo(key, 4, 5))).toEqual([4, null, null]);
  });

  it('are named to readers one at a time, and stay in their column while rows change', async () => {
    const { root, press, rows, at, all } = await open();
    rows()[0]!.focus();
    await press('ArrowRight');
    await press('ArrowRight');
    expect(at()).toEqual([0, '2']);
    await press('ArrowDown');
    expect(at()).toEqual([1, '2']);
    await press('n');
    expect(at()).toEqual([2, '2']);
    await press('End');
    const last = String(all('[role="columnheader"]').length);
    expect(at()).toEqual([2, last]);
    expect(root.querySelectorAll('#dvl-cell, [aria-activedescendant]')).toHaveLength(2);
    await press('Home');
    await press('ArrowLeft');
    expect(at()).toEqual([2, null]);
    await press('Home');
    expect(at()).toEqual([0, null]);
  });

  it('do what they are for: the box ticks, the label is edited, the top leads to the header', async () => {
    const { all, press, rows, at, active } = await open();
    const names = all('[role="columnheader"]').map((head) => head.dataset.column);
    rows()[0]!.focus();
    await press('ArrowRight');
    await press('Enter');
    expect(rows()[0]!.getAttribute('aria-selected')).toBe('true');
    for (let i = 0; i < names.indexOf('label'); i++) {
      await press('ArrowRight');
    }
    await press('F2');
    expect(active().dataset.testid).toBe('prompt-field');
    await press('Escape');
    expect(at()).toEqual([0, String(names.indexOf('label') + 1)]);
    await press('ArrowUp');
    expect(active().dataset.testid).toBe('sort-label');
  });
});

describe('a chip that goes away', () => {
  it('hands the focus to the next one, and the last to the field', async () => {
    makeExpression();
    const { all, active } = await open();
    const chip = (id: string) => all(`[data-chip="${id}"]`)[0]!;
    const click = async (element: HTMLElement) => {
      element.focus();
      element.click();
      await wait(400);
    };
    const field = all('[data-testid="expression"]')[0] as HTMLInputElement;
    field.focus();
    field.value = 'value < 9';
    field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
    await wait(400);
    const select = all('[data-testid="filter-label"]')[0] as HTMLSelectElement;
    select.value = '1';
    select.dispatchEvent(new Event('change'));
    await wait(400);
    await click(chip('expression'));
    expect(active().dataset.chip).toBe('classes-label');
    await click(chip('classes-label'));
    expect(active().dataset.testid).toBe('expression');
    expect(active().getAttribute('aria-expanded')).toBe('false');
  });
});

describe('a chart of a header', () => {
  function mini(data: Partial<MiniData>) {
    const said: unknown[] = [];
    const actions: MiniActions = {
      range: (range, done) => said.push([range, done]),
      classes: (names) => said.push(names),
    };
    const made = createMini('some', 'some', actions);
    made.chart.getBoundingClientRect = () => ({ left: 0, width: 100 }) as DOMRect;
    made.chart.setPointerCapture = vi.fn();
    made.update({ mini: null, range: null, chosen: [], threshold: null, ...data });
    const fire = (type: string, x: number) =>
      made.chart.dispatchEvent(new MouseEvent(type, { clientX: x, button: 0, bubbles: true }));
    return { said, fire, made };
  }
  const histogram = { lo: 0, hi: 10, width: 1, counts: new Uint32Array(10).fill(1), known: 10 };

  it('has filtered nothing when the browser takes the drag for something else', () => {
    const { said, fire } = mini({ mini: { kind: 'number', histogram, whole: false }, range: [2, 4] });
    fire('pointerdown', 50);
    fire('pointermove', 81);
    expect(said).toEqual([[[5, 9], false]]);
    fire('pointercancel', 0);
    expect(said.at(-1)).toEqual([[2, 4], true]);
    fire('pointermove', 20);
    expect(said).toHaveLength(2);
  });

  it('says which classes it filters to, those that look like others in quotes', () => {
    const names = ['a', 'a ', 'b'];
    const { made } = mini({ mini: { kind: 'class', names, counts: [3, 4, 5], all: 3 }, chosen: ['a ', 'b'] });
    expect(made.element.querySelector('.mini-line')!.textContent).toBe('"a\u00a0", b');
  });

  it('filters by the class under a finger, which hovers over none before', () => {
    const { said, fire } = mini({ mini: { kind: 'class', names: ['a', 'b'], counts: [3, 4], all: 2 } });
    fire('pointerleave', 75);
    fire('click', 75);
    expect(said).toEqual([['b']]);
  });
});
