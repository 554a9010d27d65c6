// @vitest-environment jsdom
import { beforeEach, describe, expect, it, vi } from 'vitest';

import widget from '../src/hosts/widget';
import { makeHistory } from '../src/parts/history';
import { FakeKernel } from './harness/kernel.mjs';
import { full, makeRun } from './harness/frames.mjs';
import { onAPage, wait } from './page';

onAPage();

async function open(options: Record<string, string | number> = {}) {
  const kernel = new FakeKernel(makeRun({ n: 60, ...options }));
  const el = document.body.appendChild(document.createElement('div'));
  const made = widget();
  made.initialize({ model: kernel });
  made.render({ model: kernel, el });
  await wait(400);
  const root = el.querySelector('[data-dvl-panel]')!.shadowRoot!;
  const one = (id: string) => root.querySelector<HTMLElement>(`[data-testid="${id}"]`)!;
  const all = (id: string) => [...root.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
  const row = () => all('row').find((r) => !r.hidden)!;
  const press = async (key: string, target: Element = row()) => {
    target.dispatchEvent(
      new KeyboardEvent('keydown', { key, bubbles: true, composed: true, cancelable: true })
    );
    await wait(400);
  };
  const type = async (id: string, text: string) => {
    (one(id) as HTMLInputElement).value = text;
    one(id).dispatchEvent(new Event('input', { bubbles: true }));
    await wait(50);
  };
  const save = async () => {
    one('prompt').dispatchEvent(new Event('submit', { cancelable: true }));
    await wait(400);
  };
  const said = async (kind: string, body: Record<string, unknown>, buffers: DataView[] = []) => {
    kernel.post({ v: 1, t: 'part', part: 'edits', request: null, kind, ...body }, buffers);
    await wait(400);
  };
  /** What was sent last, but for modules that are asked for. */
  const last = (): Record<string, unknown> => kernel.log.filter((command) => command.do !== 'code').at(-1)!;
  return { kernel, one, all, row, press, type, save, said, last, first: Number(row().dataset.row) };
}

it('flags by a key, and shows the mark once Python says that it is on disk', async () => {
  const { press, last, first, said, row, one, kernel } = await open();
  await press('f');
  expect(last()).toMatchObject({ t: 'flag', rows: [first], flagged: true });
  expect(one('saved').dataset.unsaved).toBe('1');
  const { request } = last();
  const edits = { count: 1, relabelled: 0, dropped: 0, undo: true, redo: false, path: '', saved: true };
  const nothing = { codes: null, numbers: null, classes: null, dropped: [0] };
  kernel.post({ v: 1, t: 'edits', request, rows: [first], ...nothing, edits });
  const u4 = (...values: number[]) => new DataView(Uint32Array.from(values).buffer);
  const marks = (b: number, n: number) => ({ b, d: 'u4', n });
  await said(
    'marks',
    { flagged: marks(0, 1), noted: marks(1, 1), codes: marks(2, 1), texts: ['<b>odd</b>'] },
    [u4(first), u4(first), u4(0)]
  );
  expect(one('saved').dataset.unsaved).toBe('0');
  const [flag, note] = row().querySelectorAll<HTMLElement>('[data-testid="marks"] > span');
  expect([flag!.hidden, note!.hidden, note!.title]).toEqual([false, false, '<b>odd</b>']);
  expect(one('point-note').textContent).toBe('<b>odd</b>');
  await press('f');
  expect(last()).toMatchObject({ t: 'flag', flagged: false });
});

it('takes a comment in a field of its own: Enter saves, Escape changes nothing, keys are letters there', async () => {
  const { press, type, save, one, last, first, kernel } = await open();
  await press('c');
  expect(one('prompt').hidden).toBe(false);
  const before = kernel.log.length;
  await press('x', one('prompt-field'));
  await press('Escape', one('prompt-field'));
  expect(one('prompt').hidden).toBe(true);
  expect(kernel.log.length).toBe(before);
  await press('c');
  await type('prompt-field', '  too dark ');
  await save();
  expect(last()).toMatchObject({ t: 'note', rows: [first], note: 'too dark' });
});

describe('a comment that is half written when the page is left', () => {
  beforeEach(() => sessionStorage.clear());
  const u4 = new DataView(new ArrayBuffer(0));
  const none = { b: 0, d: 'u4', n: 0 };
  /** A page that knows of which data its points are. */
  const page = async (data = 'of these') => {
    const made = await open();
    await made.said('marks', { flagged: none, noted: none, codes: none, texts: [], data }, [u4]);
    const opened = () =>
      made.one('prompt').hidden ? null : made.one('prompt').querySelector('label')!.textContent;
    const text = () => (made.one('prompt-field') as HTMLInputElement).value;
    const sent = () => made.kernel.log.filter((it) => (it as { t: string }).t === 'note');
    return { ...made, opened, text, sent };
  };
  const left = async (text = 'blurred') => {
    const { press, type, first } = await page();
    await press('c');
    await type('prompt-field', text);
    document.body.replaceChildren();
    return first;
  };

  it('is saved before another one or a label is asked for, and says which point it is of', async () => {
    for (const key of ['c', 'l']) {
      sessionStorage.clear();
      const first = await left();
      const { press, opened, sent, row, one } = await page();
      expect([opened(), one('prompt').textContent]).toEqual([
        `Comment on point ${first}`,
        expect.stringContaining('Not saved yet'),
      ]);
      await press('ArrowDown');
      expect(opened()).toBe(`Comment on point ${first}`);
      const second = row().parentElement!.querySelector<HTMLElement>('.focused')!.dataset.row!;
      await press(key, one('table'));
      expect(sent()).toMatchObject([{ rows: [first], note: 'blurred' }]);
      expect(opened()).toBe(`${key === 'c' ? 'Comment on' : 'Label of'} point ${second}`);
      expect(second).not.toBe(String(first));
      await press('Escape', one('prompt-field'));
      document.body.replaceChildren();
      expect((await page()).opened()).toBe(null);
      document.body.replaceChildren();
    }
  });

  it('goes on where the same point is commented', async () => {
    await left();
    const { press, opened, text, sent, one, save, row } = await page();
    row().focus();
    await press('c');
    expect([opened() !== null, text(), sent()]).toEqual([true, 'blurred', []]);
    expect((one('prompt').getRootNode() as ShadowRoot).activeElement).toBe(one('prompt-field'));
    await save();
    expect(sent()).toMatchObject([{ note: 'blurred' }]);
    expect((one('prompt').getRootNode() as ShadowRoot).activeElement).toBe(row());
  });

  it('stays as it is where no label can be asked for, since points have none', async () => {
    const first = await left();
    const { press, opened, sent, save, kernel } = await page();
    const [content, buffers] = full(kernel.run, 2);
    kernel.post({ ...content, label: null }, buffers);
    await wait(400);
    await press('ArrowDown');
    await press('l');
    expect(opened()).toBe(`Comment on point ${first}`);
    await save();
    expect(sent()).toMatchObject([{ rows: [first], note: 'blurred' }]);
  });

  it('names the first of several points', async () => {
    const { press, opened, one } = await page();
    for (const [more, wanted] of [
      [2, /^Comment on 2 points: \d+, \d+$/],
      [5, /^Comment on 7 points: (\d+, ){5}…$/],
    ] as const) {
      for (let i = 0; i < more; i++) {
        await press('ArrowDown', one('table'));
        await press(' ', one('table'));
      }
      await press('c', one('table'));
      expect(opened()).toMatch(wanted);
      await press('Escape', one('prompt-field'));
    }
  });

  it('is not one of other data in the same log, and comes again with its own', async () => {
    const first = await left();
    expect((await page('of others')).opened()).toBe(null);
    document.body.replaceChildren();
    expect((await page()).opened()).toBe(`Comment on point ${first}`);
  });

  it('is opened by one of two views, and saved by it where the other one is commented', async () => {
    const first = await left();
    const [one, two] = [await page(), await page()];
    expect([one.opened(), two.opened()]).toEqual([`Comment on point ${first}`, null]);
    await two.press('ArrowDown');
    await two.press('c');
    expect(one.opened()).toBe(null);
    expect(one.sent()).toMatchObject([{ rows: [first], note: 'blurred' }]);
    expect(two.sent()).toEqual([]);
  });
});

it('finds labels by their names, and asks before it makes a new one', async () => {
  const { press, type, save, one, all, last, first } = await open();
  await press('l');
  await type('prompt-field', '7');
  await type('prompt-why', 'by eye');
  await save();
  expect(last()).toMatchObject({ t: 'relabel', rows: [first], label: 7, why: 'by eye' });
  await press('l');
  await type('prompt-field', 'seven');
  expect(all('prompt-option').map((option) => option.textContent)).toEqual(['new label “seven”']);
  await save();
  expect(last()).toMatchObject({ t: 'relabel', new: 'seven' });
  await press('l');
  await type('prompt-field', '');
  await press('ArrowDown', one('prompt-field'));
  await save();
  expect(last()).toMatchObject({ label: 1 });
});

it('lists the history, and goes back in it', async () => {
  const { press, one, all, last, said, kernel } = await open();
  await press('h');
  expect(one('log').textContent).toContain('Reading the log…');
  expect(last()).toMatchObject({ t: 'part', part: 'edits', do: 'history' });
  await comes({ said, one });
  expect(last()).toMatchObject({ t: 'part', part: 'edits', do: 'log', before: 0 });
  const rows = [{ row: 3, id: '3', field: 'label', old: '1', new: '2', value: -0.25 }];
  const edit = { op: 'relabel', at: '2026-11-26T20:00:00+00:00', who: 'ana', why: 'by eye', points: 2, rows };
  const edits = [3, 2, 1].map((number) => ({ ...edit, number, in_force: number < 3 }));
  const { request } = last();
  kernel.post({
    v: 1,
    t: 'part',
    part: 'edits',
    kind: 'log',
    request: 'other',
    edits: [],
    before: 0,
    more: false,
  });
  kernel.post({ v: 1, t: 'part', part: 'edits', kind: 'log', request, edits, before: 0, more: false });
  await wait(100);
  expect(all('log-entry').map((entry) => entry.dataset.inForce)).toEqual(['false', 'true', 'true']);
  expect(all('log-entry')[2]!.textContent).toMatch(
    /relabelled 2 points.*ana.*by eye.*point 3.*value then [-−]0.25/
  );
  expect(all('log-back')).toHaveLength(1);
  kernel.silent = true;
  all('log-back')[0]!.click();
  expect(last()).toMatchObject({ t: 'undo', back_to: 1 });
  all('log-back')[0]!.focus();
  kernel.post({ v: 1, t: 'part', part: 'edits', kind: 'log', request, edits, before: 0, more: false });
  await wait(100);
  const { activeElement } = one('log').getRootNode() as ShadowRoot;
  expect(one('log').contains(activeElement)).toBe(true);
  await press('Escape', one('log'));
  expect(one('log').hidden).toBe(true);
  await said('log', { edits: 3 });
  expect(one('notice').hidden).toBe(true);
});

it('takes a target as a number, and nothing else', async () => {
  const { press, type, save, one, last, first, kernel } = await open({ kind: 'number' });
  await press('l');
  const before = kernel.log.length;
  await type('prompt-field', '');
  await save();
  expect(one('prompt').hidden).toBe(false);
  expect(kernel.log.length).toBe(before);
  await type('prompt-field', '-2.5');
  await save();
  expect(last()).toMatchObject({ t: 'relabel', rows: [first], number: -2.5 });
});

it('asks for the history when it is opened, once it is there no more, and says why it is not', async () => {
  const { press, one, said, kernel } = await open();
  const asked = (what: string) =>
    kernel.log.filter((command) => (command as { do?: string }).do === what).length;
  expect(asked('history')).toBe(0);
  await press('h');
  expect(asked('history')).toBe(1);
  vi.stubGlobal('URL', { createObjectURL: () => 'blob:refused', revokeObjectURL: () => undefined });
  await said('history', { text: 'const a = 1;' });
  await vi.waitFor(() => expect(one('notice').textContent).toContain('The history of edits could not be'));
  expect(one('log').textContent).toContain('The history of edits could not be');
  await press('Escape', one('log'));
  await press('h');
  expect(asked('history')).toBe(2);
  expect(one('log').textContent).toContain('Reading the log…');
  expect(asked('log')).toBe(0);
  await comes({ said, one });
  expect(asked('log')).toBe(1);
  await press('Escape', one('log'));
  await press('h');
  expect([asked('history'), asked('log')]).toEqual([2, 2]);
});

it('asks for the history again where the first request was lost, and has it once where both are answered', async () => {
  const { press, one, all, said, kernel } = await open();
  const asked = () => kernel.log.filter((command) => (command as { do?: string }).do === 'history').length;
  await press('h');
  await press('Escape', one('log'));
  await press('h');
  expect(asked()).toBe(2);
  Object.assign(document, { makeHistory });
  vi.stubGlobal('URL', { createObjectURL: () => 'blob:refused', revokeObjectURL: () => undefined });
  const text = 'export default () => document.makeHistory';
  await Promise.all([said('history', { text }), said('history', { text })]);
  await vi.waitFor(() => expect(all('merge-open').length).toBeGreaterThan(0), 9000);
  await wait(300);
  expect([all('merge-open').length, all('log-list').length]).toEqual([1, 1]);
  vi.unstubAllGlobals();
});

it('keeps the history closed where it was closed before it came', async () => {
  const { press, one, said, last } = await open();
  await press('h');
  await press('Escape', one('log'));
  await comes({ said, one });
  expect(one('log').hidden).toBe(true);
  expect(last()).toMatchObject({ do: 'history' });
});

/** The module of the history, as its source would make it; the markup in it is no markup. */
async function comes({ said, one }: Pick<Awaited<ReturnType<typeof open>>, 'said' | 'one'>): Promise<void> {
  Object.assign(document, { makeHistory }); // which scripts of the page have, too; a window of the tests' own they have not
  vi.stubGlobal('URL', { createObjectURL: () => 'blob:refused', revokeObjectURL: () => undefined });
  await said('history', { text: 'export default ($given) => (typeof $given("<b>"), document.makeHistory)' });
  await vi.waitFor(() => expect(one('merge-open').textContent).toBe('Load…'), 9000);
  vi.unstubAllGlobals();
}
