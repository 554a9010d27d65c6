// @vitest-environment jsdom

import { beforeEach, describe, expect, it, vi } from 'vitest';

import { h } from '../src/dom';
import { said } from '../src/parts/history/page';
import { makeMerge, type Merge } from '../src/parts/merge';
import { MOST_BYTES, pieces, textOf } from '../src/parts/merge/file';
import { readAnswer, type Preview } from '../src/parts/merge/read';
import { WORDS } from '../src/parts/merge/words';
import { onAPage, wait } from './page';

const PREVIEW = {
  state: 'preview',
  name: 'ada.jsonl',
  authors: 'edits by Ada',
  cut: false,
  new: [2, 1, 0, 1],
  here: 3,
  missing: 0,
  missing_points: 0,
  missing_ids: [],
  unfit: 0,
  unfit_ids: [],
  why: '',
  clashes: 0,
  shown: [],
  classes: [],
  more_classes: 0,
};
const CLASH = {
  clashes: 2,
  shown: [
    { id: '7', field: 'label', mine: 'cat', theirs: '<b>dog</b>' },
    { id: '8', field: 'dropped', mine: true, theirs: false },
  ],
};
const readPreview = (changes: object): Preview => readAnswer({ ...PREVIEW, ...changes }) as Preview;

describe('pieces of a file', () => {
  it('are all of it, and none begins or ends within a character', () => {
    const text = 'ab😀c😀😀d';
    for (let most = 2; most < 12; most++) {
      const found = pieces(text, most);
      expect(found.join('')).toBe(text);
      for (const piece of found) {
        expect(piece.length).toBeLessThanOrEqual(most);
        expect(piece).not.toMatch(/^[\udc00-\udfff]|[\ud800-\udbff]$/);
      }
    }
    expect(pieces('', 3)).toEqual(['']);
    expect(pieces('abc', 3)).toEqual(['abc']);
  });

  it('are those of a text, whatever the bytes are', async () => {
    const file = (...bytes: number[]) => {
      const made = new File([], 'a.jsonl');
      made.arrayBuffer = () => Promise.resolve(Uint8Array.from(bytes).buffer);
      return made;
    };
    expect(await textOf(file(0xef, 0xbb, 0xbf, 0x61), 'a.jsonl')).toEqual({ text: 'a' });
    expect(await textOf(file(0xff, 0xfe, 0x61, 0), 'a.jsonl')).toContain('a.jsonl is no text in UTF-8');
    const gone = file();
    gone.arrayBuffer = () => Promise.reject(new Error('it was moved'));
    expect(await textOf(gone, 'a.jsonl')).toMatch(
      /a.jsonl could not be read: Error: it was moved.*Choose it again/
    );
  });
});

describe('what is said of a file', () => {
  it('counts each change once', () => {
    expect(WORDS.summary(readPreview({}))).toBe('ada.jsonl, edits by Ada: 7 changes');
    expect(WORDS.summary(readPreview({ authors: '', new: [1, 0, 0, 0], here: 0 }))).toBe(
      'ada.jsonl: 1 change'
    );
    expect(WORDS.fresh(readPreview({}))).toBe('4 new: 2 labels, 1 drop, 1 comment');
    expect(WORDS.fresh(readPreview({ new: [0, 0, 0, 0] }))).toBe('nothing new');
    expect(WORDS.fresh(readPreview({ new: [0, 0, 1, 0] }))).toBe('1 new flag');
    expect(WORDS.fresh(readPreview({ new: [0, 0, 0, 1200] }))).toBe('1,200 new comments');
    const missing = { missing: 9, missing_points: 7, missing_ids: ['1', '2'] };
    expect(WORDS.missing(readPreview(missing))).toBe(
      '9 left out, of points that are not in these data: 1, 2 and 5 more'
    );
    const unfit = { unfit: 2, unfit_ids: ['1', '2'], why: 'labels are text' };
    expect(WORDS.unfit(readPreview(unfit))).toBe('2 left out, of points 1, 2: labels are text');
    expect(WORDS.classes(readPreview({ classes: ['a', 'b'], more_classes: 3 }))).toContain('a, b and 3 more');
    expect(WORDS.tooLarge('a', 20_000_001)).toContain('a has 21 MB; at most 20 MB');
    expect(WORDS.merged(0, 'a')).toBe('Nothing in a was new.');
  });

  it('is refused where it is not as promised', () => {
    for (const wrong of [
      {},
      { state: 'dancing' },
      { state: 'more', next: -1 },
      { state: 'merged', count: '3' },
      { state: 'refused' },
      { ...PREVIEW, new: ['1'] },
      { ...PREVIEW, shown: [3] },
      { ...PREVIEW, shown: [{ id: '1', field: 'label', mine: 3, theirs: 'a' }] },
    ]) {
      expect(() => readAnswer(wrong)).toThrow(/should be|does not know/);
    }
    expect(readAnswer({ state: 'refused', why: 'a\u202eb' })).toEqual({ state: 'refused', why: 'a\\u202eb' });
  });
});

describe('the button and what it opens', () => {
  onAPage();
  let asked: Record<string, unknown>[];
  let told: string[];
  let merge: Merge;
  let sheet: HTMLElement;
  let row: HTMLElement;
  const one = (id: string): HTMLElement => sheet.querySelector<HTMLElement>(`[data-testid="${id}"]`)!;
  const field = (id: string): HTMLInputElement => one(id) as HTMLInputElement;
  const last = (): Record<string, unknown> => asked.at(-1)!;
  const answer = (body: object): void => {
    const token = asked.filter((command) => command.do === 'piece').at(-1)?.file;
    merge({ part: 'edits', request: null, kind: 'merge', body: { file: token, ...body }, buffers: [] });
  };
  const choose = async (text: string, size?: number): Promise<void> => {
    const file = new File([text], 'ada.jsonl');
    file.arrayBuffer = () => Promise.resolve(new TextEncoder().encode(text).buffer);
    if (size !== undefined) {
      Object.defineProperty(file, 'size', { value: size });
    }
    const input = field('merge-file');
    Object.defineProperty(input, 'files', { value: [file], configurable: true });
    input.dispatchEvent(new Event('change'));
    await wait(0);
  };

  beforeEach(() => {
    asked = [];
    told = [];
    row = h('div');
    sheet = document.body.appendChild(h('div', {}, row));
    merge = makeMerge(
      { element: sheet, row, tell: (words) => told.push(words) },
      (body) => asked.push({ ...body }),
      said
    );
  });

  it('send one piece after the other, then show what would change, and merge only when asked to', async () => {
    await choose('x'.repeat(1_800_001));
    expect(asked).toHaveLength(1);
    expect(last()).toMatchObject({ do: 'piece', at: 0, of: 3, name: 'ada.jsonl' });
    expect(one('merge-state').textContent).toBe('Reading ada.jsonl…');
    for (const next of [1, 2]) {
      answer({ state: 'more', next });
      expect(last()).toMatchObject({ do: 'piece', at: next, file: asked[0]!.file });
    }
    expect(one('merge-state').textContent).toBe('Reading ada.jsonl… 66\u00a0%');
    expect((last().text as string).length).toBe(1);
    answer(PREVIEW);
    expect(asked).toHaveLength(3);
    expect(one('merge-go').textContent).toBe('Merge 4 changes');
    one('merge-go').click();
    expect(last()).toEqual({ do: 'merge', file: asked[0]!.file, prefer: 'ours' });
    expect(field('merge-go').disabled).toBe(true);
    answer({ state: 'merged', count: 4 });
    expect(told.at(-1)).toBe('Merged 4 changes; undo takes them back.');
    expect(one('merge-box').hidden).toBe(true);
  });

  it('let whoever merges choose where both edited, and begin with what is here', async () => {
    await choose('x');
    answer({ ...PREVIEW, ...CLASH });
    const words = [...one('merge-clashes').querySelectorAll('li')].map((item) => item.textContent);
    expect(words).toEqual([
      'point 7: cat here, <b>dog</b> in the file',
      'point 8: dropped here, kept in the file',
    ]);
    field('merge-theirs').click();
    expect(one('merge-go').textContent).toBe('Merge 6 changes');
    one('merge-go').click();
    expect(last()).toMatchObject({ prefer: 'theirs' });
    answer({ state: 'failed', why: 'The disk is full.' });
    expect(one('merge-wrong').textContent).toBe('The disk is full.');
    expect(field('merge-theirs').checked).toBe(true);
    one('merge-go').click(); // it is still there
    expect(last()).toMatchObject({ do: 'merge', prefer: 'theirs' });

    // another file begins with what is here
    await choose('y');
    answer({ ...PREVIEW, ...CLASH, new: [0, 0, 0, 0] });
    expect(field('merge-ours').checked).toBe(true);
    expect(field('merge-go').disabled).toBe(true);
    expect(one('merge-go').hidden).toBe(false);
  });

  it('say that Python does not answer, and take the answer when it comes', async () => {
    await choose('x');
    await wait(5_000);
    expect(one('merge-box').textContent).not.toContain('Python has not answered');
    await wait(2_000);
    expect(one('merge-box').textContent).toContain('Python has not answered yet');
    answer(PREVIEW);
    const late = [...one('merge-box').querySelectorAll('p')].find((p) => p.textContent.startsWith('Python'))!;
    expect(late.hidden).toBe(true);
    await wait(60_000);
    expect(late.hidden).toBe(true);
  });

  it('refuse in words what is too large, without reading it, and what Python refuses', async () => {
    await choose('x', MOST_BYTES + 1);
    expect(one('merge-wrong').textContent).toContain('at most 20 MB');
    expect(asked).toEqual([]);
    await choose('x', MOST_BYTES);
    answer({ state: 'refused', why: 'ada.jsonl is empty.' });
    expect(one('merge-wrong').textContent).toBe('ada.jsonl is empty.');
    expect(one('merge-go').hidden).toBe(true);
    expect(one('merge-close').textContent).toBe('Close');
  });

  it('let a file go on Escape, and hear no more of it', async () => {
    const outside = vi.fn();
    document.body.addEventListener('keydown', outside);
    const press = (key: string, more: object = {}): boolean =>
      one('merge-box').dispatchEvent(
        new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more })
      );
    await choose('x');
    answer(PREVIEW);
    one('merge-open').focus();
    press('x');
    expect(outside).not.toHaveBeenCalled(); // no point is dropped
    press('s', { ctrlKey: true });
    expect(outside).toHaveBeenCalledTimes(1); // but what is saved is saved
    press('Escape');
    expect(outside).toHaveBeenCalledTimes(1);
    expect(last()).toMatchObject({ do: 'discard', file: asked[0]!.file });
    expect(one('merge-box').hidden).toBe(true);
    answer({ state: 'merged', count: 3 });
    answer(PREVIEW);
    expect(one('merge-box').hidden).toBe(true);
    await choose('y');
    merge({ part: 'edits', request: null, kind: 'merge', body: { ...PREVIEW, file: 'old' }, buffers: [] });
    expect(one('merge-go').hidden).toBe(true);
    document.body.removeEventListener('keydown', outside);
  });

  it('take a file that is dropped on the sheet, and nothing else', async () => {
    const drag = (type: string, types: string[], files: File[] = []): boolean => {
      const event = new Event(type, { bubbles: true, cancelable: true });
      Object.assign(event, { dataTransfer: { types, files } });
      return !sheet.dispatchEvent(event);
    };
    expect(drag('dragover', ['text/plain'])).toBe(false);
    expect(sheet.hasAttribute('data-dropping')).toBe(false);
    expect(drag('dragover', ['Files'])).toBe(true);
    expect(sheet.hasAttribute('data-dropping')).toBe(true);
    drag('dragleave', ['Files']);
    expect(sheet.hasAttribute('data-dropping')).toBe(false);
    const file = new File(['x'], 'dropped\u202e.json');
    file.arrayBuffer = () => Promise.resolve(new TextEncoder().encode('x').buffer);
    expect(drag('drop', ['Files'], [file])).toBe(true);
    await wait(0);
    expect(last()).toMatchObject({ do: 'piece', name: 'dropped\\u202e.json' }); // as it may be shown
    expect(one('merge-state').textContent).toBe('Reading dropped\\u202e.json…');
  });
});
