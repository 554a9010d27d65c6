// @vitest-environment jsdom
/** The field of expressions, before its language comes and after. */

import { beforeEach, describe, expect, it, vi } from 'vitest';

import { LiveModel } from '../src/model';
import { mountPanel } from '../src/panel';
import { makeExpression } from '../src/parts/expression';
import { speak } from '../src/parts/expression/language';
import { INITIAL } from '../src/state';
import { createLive } from '../src/valuation';
import { FakeKernel } from './harness/kernel.mjs';
import { makeRun } from './harness/frames.mjs';
import { onAPage, wait } from './page';

vi.mock('../src/parts/module', () => ({
  moduleOf: (source: string) =>
    source === 'language' ? Promise.resolve(makeExpression) : Promise.reject(new Error('blocked')),
}));

onAPage();
beforeEach(() => speak({ language: null, failed: false }));

const ALL = 60;
const NEGATIVE = 'value < 0';

function world() {
  const kernel = new FakeKernel(makeRun({ n: ALL }));
  const store = new LiveModel(kernel);
  return {
    store,
    asked: () => kernel.log.filter((command) => command.part === 'expression').length,
    /** As Python hands the module over. */
    comes: async (text = 'language') => {
      kernel.post({ v: 1, t: 'part', part: 'expression', kind: 'code', request: null, text });
      await wait(400);
    },
    negative: () => [...store.points!.value].filter((value) => value < 0).length,
  };
}

/** `expression`: in memory, as from a view before this one. */
async function open(store: LiveModel, expression = '') {
  if (expression !== '') {
    const filters = { ...INITIAL.filters, more: { ranges: {}, classes: {}, expression } };
    store.memory = { state: { ...INITIAL, filters }, top: 0, height: '', focus: null };
  }
  const el = document.body.appendChild(document.createElement('div'));
  mountPanel(el, store, createLive);
  await wait(400);
  const root = el.querySelector('[data-dvl-panel]')!.shadowRoot!;
  const at = (selector: string) => root.querySelector<HTMLElement>(selector);
  const part = (id: string) => at(`[data-testid="${id}"]`)!;
  const field = part('expression') as HTMLInputElement;
  return {
    at,
    part,
    field,
    rows: () => Number(part('table').dataset.points),
    chip: () => at('[data-chip="expression"]'),
    options: () => [...root.querySelectorAll('[role="option"]')].length,
    turn: () => part('panel').dispatchEvent(new Event('pointerover')),
    write: async (text: string) => {
      field.focus();
      field.value = text;
      field.dispatchEvent(new Event('input'));
      await wait(400);
    },
    press: async (key: string) => {
      const event = { key, bubbles: true, composed: true, cancelable: true };
      field.dispatchEvent(new KeyboardEvent('keydown', event));
      await wait(400);
    },
  };
}

describe('the language of expressions', () => {
  it('is asked for when somebody turns to the panel, once', async () => {
    const { store, asked, comes } = world();
    const { turn, field, part } = await open(store);
    expect([asked(), field.placeholder]).toEqual([0, expect.stringContaining('value < 0 and label ==')]);
    turn();
    part('panel').dispatchEvent(new Event('focusin'));
    expect(asked()).toBe(1);
    await comes();
    await wait(60_000);
    expect(asked()).toBe(1);
  });

  it('is asked for at once where an expression filters: until then all rows are shown, and it is said', async () => {
    const { store, asked, comes, negative } = world();
    const { rows, chip, field } = await open(store, NEGATIVE);
    expect([asked(), rows(), field.value]).toEqual([1, ALL, NEGATIVE]);
    expect(chip()!.title).toContain('comes in a moment');
    expect(chip()!.hasAttribute('data-trouble')).toBe(true);
    await comes();
    expect(rows()).toBe(negative());
    expect(rows()).toBeLessThan(ALL);
    expect([chip()!.title, chip()!.hasAttribute('data-trouble')]).toEqual([
      `Remove the filter ${NEGATIVE}`,
      false,
    ]);
  });

  it('chooses no point: the first one stays in focus, of the rows that pass now', async () => {
    const { store, comes } = world();
    const { turn } = await open(store);
    turn();
    await comes();
    expect(store.memory!.state.focus).toBe(-1);
    speak({ language: null });
    const apart = world();
    const { part, rows } = await open(apart.store, 'value > 0');
    await apart.comes();
    expect(part('point-name').textContent).toContain(`point 1 of ${rows()}`);
  });

  it('is there for every view and panel of the page, which ask for it no more', async () => {
    const { store, comes, negative, asked } = world();
    const [one, two, apart] = [await open(store, NEGATIVE), await open(store), world()];
    const third = await open(apart.store, NEGATIVE);
    expect([one.rows(), two.rows(), third.rows()]).toEqual([ALL, ALL, ALL]);
    await comes();
    expect([one.rows(), two.rows(), third.rows()]).toEqual([negative(), negative(), apart.negative()]);
    const last = world();
    const fourth = await open(last.store, NEGATIVE);
    fourth.turn();
    await fourth.write('value >');
    expect([fourth.rows(), last.asked(), asked()]).toEqual([last.negative(), 0, 2]);
    expect(fourth.options()).toBeGreaterThan(0);
  });

  it('that cannot be loaded is missed aloud, and filters when it can be after all', async () => {
    const { store, asked, comes, negative } = world();
    const { rows, chip, at, field, write } = await open(store, NEGATIVE);
    await comes('broken');
    expect([rows(), chip()!.hasAttribute('data-trouble')]).toEqual([ALL, true]);
    expect(chip()!.title).toContain('could not be loaded');
    expect(at('.chips')!.textContent).toContain(
      'The language of filters could not be loaded here: Error: blocked'
    );
    await write('value > 0');
    expect(field.title).toContain('could not be loaded');
    await write(NEGATIVE);
    at('.chips .link')!.click();
    expect(asked()).toBe(2);
    await comes();
    expect([rows(), at('.chips .link')]).toEqual([negative(), null]);
    expect(chip()!.hasAttribute('data-trouble')).toBe(false);
  });
});

describe('what is written before the language is here', () => {
  it('filters when it comes, after Enter as without', async () => {
    for (const key of ['Enter', 'End']) {
      speak({ language: null });
      const { store, comes, negative } = world();
      const { write, press, rows, field, chip } = await open(store);
      await write(NEGATIVE);
      await press(key);
      expect([rows(), chip(), field.value, field.getAttribute('aria-busy')]).toEqual([
        ALL,
        null,
        NEGATIVE,
        'true',
      ]);
      expect(field.title).toContain('comes in a moment');
      await comes();
      await wait(300);
      expect([rows(), field.hasAttribute('aria-busy')]).toEqual([negative(), false]);
      expect([chip()!.textContent, field.title]).toEqual([NEGATIVE, expect.stringContaining('and, or, not')]);
    }
  });

  it('is completed when it comes, where the field has the focus', async () => {
    const { store, comes } = world();
    const { write, field, options, part } = await open(store);
    await write('value < 0 and lab');
    expect(options()).toBe(0);
    await comes();
    expect([options(), part('expression-options').textContent]).toEqual([
      2,
      expect.stringContaining('label'),
    ]);
    expect(field.getAttribute('aria-expanded')).toBe('true');
  });

  it('is checked when it comes, and what filters stays while it is wrong', async () => {
    const { store, comes, negative } = world();
    const { write, press, rows, chip, part } = await open(store, NEGATIVE);
    await write('value = 0');
    await press('Enter');
    await comes();
    expect(part('expression-error').textContent).toContain('Write == instead of =.');
    expect([rows(), chip()!.textContent]).toEqual([negative(), NEGATIVE]);
  });

  it('is taken back by Escape, and with it what filters, for which nothing is awaited', async () => {
    const { store } = world();
    const { write, press, field, chip } = await open(store, NEGATIVE);
    await write('value');
    await press('Escape');
    expect([field.value, chip(), field.hasAttribute('aria-busy')]).toEqual(['', null, false]);
  });
});
