// @vitest-environment jsdom

import { expect, it, vi } from 'vitest';

import { makeTests } from '../src/parts/tests';
import type { Hub, PartMessage } from '../src/parts/part';
import { readDoubts } from '../src/parts/tests/read';
import { tableOf } from '../src/parts/tests/table';
import type { Json } from '../src/read';
import { INITIAL, type UiState } from '../src/state';
import { NO_EDITS } from './make';

const bytes = (code: string, ...values: number[]): DataView =>
  new DataView((code === 'u2' ? Uint16Array.from(values) : Uint8Array.from(values)).buffer);
const of = (b: number, d: string, n: number): Json => ({ b, d, n });

/** Two of four test points are listed; `codes`: labels as they are now. */
function message(codes = [0, 1, 1, 0], more: Json = {}, told: Json = {}): PartMessage {
  const list = {
    model: 'GaussianNB',
    doubted: 3,
    asked: 4,
    neighbours: 15,
    why: '',
    rows: [2, 0],
    said: ['cat', '<b>dog</b>'],
    sure: [0.97, null],
    own: [0.01, null],
    against: [14 / 15, null],
    ...told,
  };
  const relabelled = codes.filter((code, row) => code !== [0, 1, 1, 0][row]).length;
  const edits = { ...NO_EDITS, relabelled, count: relabelled, undo: relabelled > 0 };
  const label = {
    kind: 'class',
    classes: ['cat', '<b>dog</b>'],
    codes: of(0, 'u2', 4),
    original: of(1, 'u2', 4),
  };
  const body = {
    n: 4,
    label,
    dropped: of(2, 'u1', 4),
    ids: ['two', 'nought'],
    edits,
    preview: { kind: 'image', width: 2, height: 1, channels: 1 },
    texts: null,
    pixels: of(3, 'u1', 4),
    list,
    ...more,
  };
  const buffers = [
    bytes('u2', ...codes),
    bytes('u2', 0, 1, 1, 0),
    bytes('u1', 0, 0, 0, 0),
    bytes('u1', 1, 2, 3, 4),
  ];
  return { part: 'tests', request: null, kind: 'list', body, buffers };
}

it('reads each point with its id, its picture and what speaks against it', () => {
  const [points, { list, doubted }] = readDoubts(message());
  expect([points.n, doubted, list.map(({ row, id }) => [row, id])]).toEqual([
    4,
    3,
    [
      [2, 'two'],
      [0, 'nought'],
    ],
  ]);
  expect(list.map(({ sure, own, against }) => [sure, own, against])).toEqual([
    [0.97, 0.01, 14 / 15],
    [null, null, null],
  ]);
  expect(list.map(({ preview }) => [...(preview as Uint8Array)])).toEqual([
    [1, 2],
    [3, 4],
  ]);
  const texts = readDoubts(
    message(undefined, { preview: { kind: 'text' }, texts: ['a', 'b\u202e'], pixels: null })
  );
  expect(texts[1].list[0]!.preview).toBe('a');
  expect(texts[1].list[1]!.preview).not.toContain('\u202e');
  expect(readDoubts(message(undefined, { ids: null }))[1].list[0]!.id).toBe('2');
});

it('refuses a list that is not as promised', () => {
  expect(() => readDoubts(message(undefined, {}, { rows: [2, 4] }))).toThrow('not one of the 4');
  expect(() => readDoubts(message(undefined, {}, { said: ['cat'] }))).toThrow('something else');
  expect(() => readDoubts(message(undefined, {}, { own: [0.1] }))).toThrow('a list of 2');
  expect(() => readDoubts(message(undefined, { label: null, ids: ['x'] }))).toThrow('2');
  expect(() => readDoubts(message([0, 1, 1, 2]))).toThrow('code 2');
  expect(() => readDoubts(message(undefined, { preview: { kind: 'text' }, pixels: null }))).toThrow();
});

/** The same without pictures, which jsdom does not draw. */
const plain = (codes?: number[]): PartMessage =>
  message(codes, { preview: { kind: 'none' }, texts: null, pixels: null });

function open() {
  const listeners: ((message: PartMessage) => void)[] = [];
  let state: UiState = INITIAL;
  const ask = vi.fn<(...command: unknown[]) => string>(() => 'r');
  const source = {
    ask,
    complain: vi.fn(),
    hear: (_: string, listener: (message: PartMessage) => void) => {
      listeners.push(listener);
      return () => undefined;
    },
  };
  const desk = { state: () => state, set: (now: UiState) => (state = now) };
  const part = makeTests({ source, desk } as unknown as Hub);
  const root = document.body.appendChild(document.createElement('div'));
  root.append(...part.overview!, ...part.overlays!);
  const at = (id: string): HTMLElement => root.querySelector<HTMLElement>(`[data-testid="${id}"]`)!;
  const all = (id: string) => [...root.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
  const hear = (it: PartMessage) => listeners.forEach((listener) => listener(it));
  const say = (kind: string, body: Json) => hear({ part: 'tests', request: null, kind, body, buffers: [] });
  const press = (key: string, target: Element) => {
    const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
    target.dispatchEvent(event);
    return event.defaultPrevented;
  };
  return { root, ask, at, all, hear, say, press, complain: source.complain };
}

it('fits no model before somebody asks, and says what cannot be doubted or went wrong', () => {
  const { root, at, say, ask, complain } = open();
  expect(at('test-card').hidden).toBe(true);
  const names = [...root.querySelectorAll<HTMLElement>('[data-testid]')].map(({ dataset }) => dataset.testid);
  expect(names.filter((name) => !name!.startsWith('test-'))).toEqual([]); // told from the training points' at once
  say('about', { possible: false, why: 'LOO has no test points of its own.', n: 0 });
  expect([at('test-card').hidden, at('test-look').hidden]).toEqual([false, true]);
  expect(at('test-said').textContent).toContain('no test points of its own');
  say('about', { possible: true, why: '', n: 4 });
  say('looks', { state: 'none', why: '' });
  expect([at('test-said').hidden, at('test-list').hidden]).toEqual([true, true]);
  expect(ask).not.toHaveBeenCalled();
  at('test-look').click();
  expect(ask).toHaveBeenLastCalledWith('tests', { do: 'look' });
  say('looks', { state: 'looking', why: '' });
  expect([at('test-said').textContent, at('test-look').hidden]).toEqual([
    expect.stringContaining('Fitting'),
    true,
  ]);
  say('looks', { state: 'failed', why: 'ValueError: no' });
  expect([at('test-said').textContent, at('test-look').hidden]).toEqual([
    expect.stringContaining('no'),
    false,
  ]);
  say('list', {});
  expect(complain).toHaveBeenCalledOnce();
});

it('lists the points, edits the chosen one by keys and clicks, and says that the values stay', () => {
  const { at, all, hear, say, ask, press } = open();
  say('about', { possible: true, why: '', n: 4 });
  hear(plain());
  say('looks', { state: 'done', why: '' });
  expect(at('test-said').textContent).toContain('3 of 4 test points: GaussianNB gives them another label');
  expect(at('test-said').textContent).toContain('The first 2 are listed.');
  const [first, second] = all('test-doubt') as [HTMLElement, HTMLElement];
  expect(first.textContent).toContain('<b>dog</b>');
  expect(first.textContent).toContain('model: cat, 97\u00a0%14/15 neighbours against');
  expect(first.title).toContain('its own label with 1\u00a0%; 14 of the 15 nearest');
  expect([
    first.classList.contains('focused'),
    first.getAttribute('aria-selected'),
    first.tabIndex,
    second.tabIndex,
  ]).toEqual([true, 'false', 0, -1]);

  first.focus();
  expect(press('1', first)).toBe(true);
  const relabel = (row: number, label: number) => ({ t: 'relabel', rows: [row], label });
  expect(ask).toHaveBeenLastCalledWith('tests', { do: 'edit', edit: relabel(2, 0) });
  press('f', first);
  expect(ask).toHaveBeenLastCalledWith('tests', {
    do: 'edit',
    edit: { t: 'flag', rows: [2], flagged: true },
  });
  const asked = ask.mock.calls.length;
  expect([press('x', first), press('u', first)]).toEqual([true, true]); // neither is the training points'
  expect(ask.mock.calls.length).toBe(asked); // none is dropped, and nothing is to be undone
  expect(press('Escape', first)).toBe(false);
  press('ArrowDown', first);
  expect(document.activeElement).toBe(second);
  all('test-relabel-button')[1]!.click();
  expect(ask).toHaveBeenLastCalledWith('tests', { do: 'edit', edit: relabel(0, 1) });

  expect(at('test-unmoved').hidden).toBe(true);
  hear(plain([1, 1, 1, 0]));
  expect(second.querySelector('s')!.textContent).toBe('cat');
  expect(second.textContent).toContain('model agrees');
  expect(at('test-edits-summary').textContent).toBe('1 relabelled');
  expect(at('test-unmoved').hidden).toBe(false);
  expect(at('test-unmoved').textContent).toContain('panel.test_dataset()');
  press('u', second);
  expect(ask).toHaveBeenLastCalledWith('tests', { do: 'edit', edit: { t: 'undo' } });

  at('test-look').click(); // hidden, its keys are nobody's
  expect([at('test-list').hidden, at('test-look').textContent]).toEqual([true, 'Show 3']);
  expect(press('u', at('test-look'))).toBe(false);
});

it('edits several at once, and tells Python which are selected', () => {
  const { at, all, hear, say, ask, press } = open();
  say('about', { possible: true, why: '', n: 4 });
  hear(plain());
  const [first, second] = all('test-doubt') as [HTMLElement, HTMLElement];
  const chosen = (): (string | null)[] => [first, second].map((line) => line.getAttribute('aria-selected'));
  first.focus();
  press(' ', first);
  expect(ask).toHaveBeenLastCalledWith('tests', { do: 'select', rows: [2] });
  second.dispatchEvent(new MouseEvent('click', { bubbles: true, ctrlKey: true }));
  expect(ask).toHaveBeenLastCalledWith('tests', { do: 'select', rows: [0, 2] });
  expect([chosen(), at('test-selected').textContent]).toEqual([['true', 'true'], '2 selected,']);
  expect(at('test-card').textContent).toContain('2 test pointskeys edit them');
  press('1', second);
  expect(ask).toHaveBeenLastCalledWith('tests', {
    do: 'edit',
    edit: { t: 'relabel', rows: [0, 2], label: 0 },
  });
  press('f', second);
  expect(ask).toHaveBeenLastCalledWith('tests', {
    do: 'edit',
    edit: { t: 'flag', rows: [0, 2], flagged: true },
  });
  expect(press('Escape', second)).toBe(true);
  expect(ask).toHaveBeenLastCalledWith('tests', { do: 'select', rows: [] });
  expect([chosen(), press('Escape', second)]).toEqual([['false', 'false'], false]);

  // a slow kernel's earlier word takes nothing back; another page's, or Python's, is taken when this one is heard
  const answer = (request: string | null, rows: number[]) =>
    hear({ part: 'tests', request, kind: 'selection', body: { rows }, buffers: [] });
  ask.mockReturnValue('late');
  press(' ', second);
  answer('r', [2]);
  expect(chosen()).toEqual(['false', 'true']);
  answer('late', [0]);
  answer(null, [2]);
  const asked = ask.mock.calls.length;
  expect([chosen(), ask.mock.calls.length]).toEqual([['true', 'false'], asked]);
  hear(
    message(
      [0, 1, 1, 0],
      { preview: { kind: 'none' }, texts: null, pixels: null, ids: ['nought'] },
      {
        rows: [0],
        said: ['cat'],
        sure: [null],
        own: [null],
        against: [null],
      }
    )
  );
  expect([at('test-selected').parentElement!.hidden, all('test-doubt').length]).toEqual([true, 1]);
});

it('hears of a selection again after a kernel that never answered the last one', () => {
  const { all, hear, say, press } = open();
  say('about', { possible: true, why: '', n: 4 });
  hear(plain());
  const [first, second] = all('test-doubt') as [HTMLElement, HTMLElement];
  first.focus();
  press(' ', first);
  say('selection', { rows: [0] });
  expect(second.getAttribute('aria-selected')).toBe('false');
  say('about', { possible: true, why: '', n: 4 });
  say('selection', { rows: [0] });
  expect([first, second].map((line) => line.getAttribute('aria-selected'))).toEqual(['false', 'true']);
});

it('names a test point where it is commented, and puts no keys on one that is no longer listed', () => {
  const { root, at, all, hear, say, ask, press } = open();
  sessionStorage.setItem('dvl["edits.jsonl","these"]', JSON.stringify([[3], 'whose?']));
  say('about', { possible: true, why: '', n: 4 });
  hear(plain());
  const none = { b: 0, d: 'u4', n: 0 };
  const marks = { flagged: none, noted: none, codes: none, texts: [], data: 'these' };
  hear({
    part: 'tests',
    request: null,
    kind: 'marks',
    body: marks,
    buffers: [new DataView(new ArrayBuffer(0))],
  });
  const prompt = root.querySelector<HTMLElement>('.prompt')!;
  expect([prompt.hidden, prompt.querySelector('label')!.textContent]).toEqual([
    false,
    'Comment on test point 3',
  ]);
  const [first] = all('test-doubt') as [HTMLElement];
  expect([first.classList.contains('focused'), at('test-card').textContent]).toEqual([
    true,
    expect.stringContaining('Test point two'),
  ]);
  press('f', first);
  expect(ask).toHaveBeenLastCalledWith('tests', {
    do: 'edit',
    edit: { t: 'flag', rows: [2], flagged: true },
  });
  press('c', first);
  expect(ask).toHaveBeenLastCalledWith('tests', {
    do: 'edit',
    edit: { t: 'note', rows: [3], note: 'whose?' },
  });
  expect(prompt.querySelector('label')!.textContent).toBe('Comment on test point two');
});

it('hands the list to other programs: what is selected, else all', async () => {
  const { at, all, hear, say, press } = open();
  const writeText = vi.fn<(text: string) => Promise<void>>(() => Promise.resolve());
  Object.defineProperty(navigator, 'clipboard', { value: { writeText }, configurable: true });
  say('about', { possible: true, why: '', n: 4 });
  hear(plain([0, 1, 0, 0]));
  at('test-copy').click();
  await vi.waitFor(() => expect(at('test-copied').textContent).toBe('2 rows copied'));
  const [head, ...lines] = writeText.mock.lastCall![0].split('\n').map((line) => line.split('\t'));
  expect(head).toEqual([
    'position',
    'id',
    'label',
    'label_before',
    'model_label',
    'model_probability',
    'label_probability',
    'neighbours_against',
    'neighbours',
    'flagged',
    'note',
  ]);
  expect(lines).toEqual([
    ['2', 'two', 'cat', '<b>dog</b>', 'cat', '0.97', '0.01', '14', '15', '0', ''],
    ['0', 'nought', 'cat', '', '<b>dog</b>', '', '', '', '', '0', ''],
  ]);
  const [first] = all('test-doubt') as [HTMLElement];
  first.focus();
  press(' ', first);
  first.dispatchEvent(new KeyboardEvent('keydown', { key: 'c', ctrlKey: true, bubbles: true }));
  await vi.waitFor(() => expect(writeText.mock.lastCall![0].split('\n').length).toBe(2));
  const [points, { list }] = readDoubts(plain());
  const odd = { ...list[0]!, id: '=1+1' };
  expect(tableOf({ ...points, extra: new Map() } as never, [odd], 15)[1]![1]).toBe("'=1+1");
});
