// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';

import widget from '../src/hosts/influence';
import { FakeInfluenceKernel, makeInfluence } from './harness/influence.mjs';
import { onAPage, wait } from './page';

onAPage();

async function open(options: Record<string, string | number> = {}) {
  const kernel = new FakeInfluenceKernel(makeInfluence({ n: 80, tests: 40, ...options }));
  const el = document.body.appendChild(document.createElement('div'));
  const made = widget();
  made.initialize({ model: kernel });
  const close = made.render({ model: kernel, el });
  await wait(500);
  const root = el.querySelector('[data-dvl-panel]')!.shadowRoot!;
  const all = (id: string, within: ParentNode = root) => [
    ...within.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`),
  ];
  const one = (id: string) => all(id)[0]!;
  const cards = (id: string) => all('card', one(id)).filter((card) => !card.hidden);
  const rows = (id: string) => all('row', one(id)).filter((row) => !row.hidden);
  const click = async (target: Element, more = {}) => {
    target.dispatchEvent(new MouseEvent('click', { bubbles: true, composed: true, ...more }));
    await wait(500);
  };
  const press = async (key: string, target: Element = rows('tests')[0]!, more = {}) => {
    target.dispatchEvent(
      new KeyboardEvent('keydown', { key, bubbles: true, composed: true, cancelable: true, ...more })
    );
    await wait(500);
  };
  const tab = (view: string) => click(root.querySelector(`[data-testid="tab"][data-chip="${view}"]`)!);
  const sent = (kind: string) => kernel.log.filter((command) => command.t === kind);
  return { kernel, el, made, close, root, all, one, cards, rows, click, press, tab, sent };
}

const at = (element: HTMLElement): number => Number(element.dataset.row);

describe('test points', () => {
  it('come worst first, and the worst is chosen', async () => {
    const { rows, one, sent } = await open();
    const losses = rows('tests').map((row) => Number(row.querySelector('.number')!.textContent));
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
    expect(at(one('subject'))).toBe(at(rows('tests')[0]!));
    expect(sent('of_test')).toMatchObject([{ test: at(rows('tests')[0]!), k: 12 }]);
  });

  it('show who hurts and who helps, with signs in words', async () => {
    const { cards, one } = await open();
    expect(cards('harmful').length).toBe(12);
    const words = cards('harmful').map((card) => card.querySelector('.card-score')!.textContent);
    expect(words.every((text) => text.startsWith('hurts '))).toBe(true);
    expect(cards('helpful')[0]!.querySelector('.card-score')!.textContent).toMatch(/^helps /);
    expect(one('subject-sums').textContent).toMatch(/\d+ training points help, \d+ hurt it/);
    expect(cards('harmful')[0]!.querySelector('.card-score')!.getAttribute('title')).toContain(
      'Divided by the number of training points'
    );
  });

  it('are chosen by click and by key; the most harmful point follows', async () => {
    const { rows, click, press, one, cards, sent } = await open();
    await click(rows('tests')[2]!);
    expect(at(one('subject'))).toBe(at(rows('tests')[2]!));
    expect(at(one('point-facts'))).toBe(at(cards('harmful')[0]!));
    await press('ArrowDown', rows('tests')[2]);
    expect(at(one('subject'))).toBe(at(rows('tests')[3]!));
    await press('n', one('subject'));
    expect(at(one('subject'))).toBe(at(rows('tests')[4]!));
    expect(sent('of_test').length).toBe(4);
    await click(rows('tests')[2]!); // an answer that is held is not asked for again
    expect(sent('of_test').length).toBe(4);
  });

  it('can be filtered to wrong predictions, labels and ids', async () => {
    const { rows, click, root, one, kernel } = await open();
    await click(root.querySelector('.side-tests [data-chip="unconverged"]')!);
    const shown = rows('tests');
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.every((row) => row.querySelector('.wrong') !== null)).toBe(true);
    expect(one('footer-shown').textContent).toBe(`${shown.length} of 40 test points shown`);
    await click(root.querySelector('.side-tests [data-chip="unconverged"]')!);
    const label = root.querySelector<HTMLSelectElement>('.side-tests select')!;
    label.value = '3';
    label.dispatchEvent(new Event('change'));
    await wait(500);
    expect(rows('tests').every((row) => kernel.run.tests.truths[at(row)] === 3)).toBe(true);
  });

  it('know no selection: the keys for it do nothing', async () => {
    const { press, rows, one } = await open();
    await press(' ', rows('tests')[0]);
    await press('a', rows('tests')[0], { ctrlKey: true });
    await press('ArrowDown', rows('tests')[0], { shiftKey: true });
    expect(one('footer-selected').hidden).toBe(true);
  });
});

describe('edits', () => {
  it('from a gallery: relabel by key, then the numbers are asked for anew', async () => {
    const { kernel, cards, click, press, one, sent } = await open();
    const card = cards('harmful')[1]!;
    const row = at(card);
    await click(card);
    const key = String((kernel.run.codes[row]! + 1) % 10);
    await press(key, cards('harmful')[1]);
    expect(sent('relabel')).toMatchObject([{ rows: [row], label: Number(key) }]);
    expect(kernel.run.codes[row]).toBe(Number(key));
    expect(one('saved').textContent).toBe('1 edit, saved');
    expect(one('stale').textContent).toContain('1 relabelled · model trained before the edits');
    expect(sent('of_test').length).toBe(2);
    expect(at(one('point-facts'))).toBe(row);
    await press('u', cards('harmful')[1]);
    expect(kernel.run.codes[row]).toBe(kernel.run.original[row]);
    expect(one('stale').hidden).toBe(true);
  });

  it('of a selection made on cards', async () => {
    const { kernel, cards, click, press, one, root } = await open();
    const rows = [0, 2].map((i) => at(cards('harmful')[i]!));
    await click(cards('harmful')[0]!.querySelector('.card-pick')!);
    await click(cards('harmful')[2]!, { ctrlKey: true });
    expect(one('footer-selected').textContent).toBe('2 selected');
    expect(root.querySelector('.detail .relabel h3 > span')!.textContent).toBe('Relabel 2 selected points');
    await press('x', cards('harmful')[0]);
    expect(rows.map((row) => kernel.run.dropped[row])).toEqual([1, 1]);
    expect(cards('harmful')[0]!.classList.contains('dropped')).toBe(true);
    await press('Escape', cards('harmful')[0]);
    expect(one('footer-selected').hidden).toBe(true);
  });

  it('from the table of training points', async () => {
    const { kernel, tab, rows, click, press } = await open();
    await tab('training');
    const row = at(rows('table')[0]!);
    await click(rows('table')[0]!);
    await press('x', rows('table')[0]);
    expect(kernel.run.dropped[row]).toBe(1);
  });
});

describe('edits of test points', () => {
  it('go to their own log: the keys edit what has the focus', async () => {
    const { kernel, rows, cards, click, press, one, sent } = await open();
    const row = at(rows('tests')[1]!);
    await click(rows('tests')[1]!);
    rows('tests')[1]!.focus();
    const label = (kernel.run.tests.truths[row]! + 1) % 10;
    await press(String(label), rows('tests')[1]);
    expect(one('panel').dataset.editing).toBe('tests');
    expect(sent('relabel')).toMatchObject([{ of: 'test', rows: [row], label }]);
    expect(kernel.run.tests.edited.codes[row]).toBe(label);
    expect(rows('tests').find((r) => at(r) === row)!.textContent).toContain('→');
    expect(one('subject-was').textContent).toBe(`came as ${label === 0 ? 9 : label - 1}`);
    expect(one('stale').textContent).toContain('1 test point relabelled');
    expect(one('test-edits-summary').textContent).toBe('1 relabelled');

    // undo concerns the list with the focus
    const card = cards('harmful')[0]!;
    card.focus();
    await press('u', card);
    expect(one('panel').dataset.editing).toBe('train');
    expect(sent('undo')).toEqual([]); // nothing was done to a training point
    await press('x', card);
    await press('u', card);
    expect(sent('undo').map((command) => command.of)).toEqual([undefined]);
    await press('u', one('subject'));
    expect(sent('undo').map((command) => command.of)).toEqual([undefined, 'test']);
    expect(kernel.run.tests.edited.codes[row]).toBe(kernel.run.tests.truths[row]);
    await press('U', one('subject'));
    expect(kernel.run.tests.edited.codes[row]).toBe(label);
  });

  it('are flags, too, each on its side; nothing drops a test point', async () => {
    const { kernel, rows, cards, click, press, all, one, sent, root } = await open();
    const [test, train] = [at(rows('tests')[0]!), at(cards('harmful')[0]!)];
    await press('f', rows('tests')[0]);
    await press('x', rows('tests')[0]);
    await press('f', cards('harmful')[0]);
    expect(sent('flag').map(({ of, rows: some, flagged }) => [of, some, flagged])).toEqual([
      ['test', [test], true],
      [undefined, [train], true],
    ]);
    expect(sent('drop')).toEqual([]);
    expect([...kernel.flags.test_edits, ...kernel.flags.edits]).toEqual([test, train]);
    const flagged = (element: Element) =>
      element.querySelector('[data-testid$="marks"] [aria-label="flagged"]')?.closest('[hidden]') === null;
    expect(flagged(rows('tests')[0]!)).toBe(true);
    expect(flagged(rows('tests')[1]!)).toBe(false);
    expect(flagged(cards('harmful')[0]!)).toBe(true);
    await click(root.querySelector('.side-tests [data-chip="flagged"]')!);
    expect(rows('tests').map(at)).toEqual([test]);
    await press('c', rows('tests')[0]);
    const open_ = all('prompt')
      .concat(all('test-prompt'))
      .filter((prompt) => !prompt.hidden);
    expect(open_.map((prompt) => prompt.querySelector('label')!.textContent)).toEqual([
      `Comment on test point ${test}`,
    ]);
    expect(open_[0]!.querySelector('label')!.htmlFor).toBe(open_[0]!.querySelector('input')!.id);
    expect(one('test-flag').getAttribute('aria-pressed')).toBe('true');
  });

  it('a column says how far the training points disagree', async () => {
    const { kernel, rows, one, click, root } = await open();
    const header = root.querySelector('[data-testid="tests"] [data-testid="sort-f2"]')!;
    expect(header.getAttribute('title') ?? header.parentElement!.getAttribute('title')).toContain('hurts it');
    await click(header);
    await click(header);
    const shares = rows('tests').map((row) => parseInt(row.querySelector('.share-number')!.textContent));
    expect(shares.length).toBeGreaterThan(3);
    expect(shares).toEqual([...shares].sort((a, b) => b - a));
    await click(rows('tests')[0]!);
    expect(one('subject-doubt').textContent).toContain(
      `${shares[0]}\u00a0% of the training points’ influence hurts it`
    );
    expect(kernel.run.tests.n).toBe(40);
  });
});

describe('training points', () => {
  it('come with the lowest quantile first, and their ranks', async () => {
    const { kernel, tab, rows, one } = await open();
    await tab('training');
    expect(one('panel').dataset.view).toBe('training');
    const values = [...kernel.run.value];
    expect(at(rows('table')[0]!)).toBe(values.indexOf(Math.min(...values.filter(Number.isFinite))));
    const ranks = [...rows('table')].map(
      (row) => row.querySelector('[data-testid="cell-rank"]')!.textContent
    );
    expect(ranks.slice(0, 3)).toEqual(['1', '2', '3']);
  });

  it('are filtered by the threshold, moved by keys', async () => {
    const { tab, one, rows, press, root, kernel } = await open();
    await tab('training');
    const handle = one('threshold');
    expect(handle.getAttribute('aria-valuetext')).toBe('none: all points');
    await press('Home', handle);
    await press('ArrowRight', handle);
    const now = Number(handle.getAttribute('aria-valuenow'));
    const shown = rows('table').length;
    expect(shown).toBe([...kernel.run.value].filter((x) => x <= now + 1e-4).length);
    expect(one('threshold-words').textContent).toContain(`${shown} point`);
    expect(root.querySelector('.work-training [data-chip="value"]')!.textContent).toContain('quantile below');
    await press('Escape', handle);
    expect(one('footer-shown').textContent).toBe('80 of 80 shown');
  });

  it('can be looked at as pictures, more on demand', async () => {
    const { tab, click, one, cards, press } = await open();
    await tab('training');
    await click(one('as-pictures'));
    expect(cards('below').length).toBe(48);
    expect(one('below-more').textContent).toBe('Show more (32)');
    await click(one('below-more'));
    expect(cards('below').length).toBe(80);
    await press('g', one('subject'));
    expect(one('below').closest('.gallery')!.hasAttribute('hidden')).toBe(true);
  });

  it('show whom the point in focus hurts; a test point there leads back to it', async () => {
    const { tab, one, all, click, root } = await open();
    await tab('training');
    expect(one('effects-same').getAttribute('aria-label')).toMatch(/same label.*25\u00a0% quantile is/);
    const worst = all('worst-test').filter((thumb) => !thumb.hidden)[0]!;
    const test = at(worst);
    await click(worst);
    expect(one('panel').dataset.view).toBe('tests');
    expect(at(one('subject'))).toBe(test);
    expect(root.querySelector('.tab[aria-selected="true"]')!.textContent).toContain('Test points');
  });
});

describe('cards', () => {
  it('are walked with the arrow keys, and one of them can be tabbed to', async () => {
    const { cards, press, one, root } = await open();
    const first = cards('helpful')[0]!;
    first.focus();
    await press('ArrowRight', first);
    expect(at(one('point-facts'))).toBe(at(cards('helpful')[1]!));
    expect(root.activeElement).toBe(cards('helpful')[1]);
    expect(cards('helpful').filter((card) => card.tabIndex === 0).length).toBe(1);
    await press('End', cards('helpful')[1]);
    expect(at(one('point-facts'))).toBe(at(cards('helpful')[11]!));
    await press(' ', cards('helpful')[11]);
    expect(cards('helpful')[11]!.getAttribute('aria-selected')).toBe('true');
  });
});

describe('states', () => {
  it('before the start: words, no questions', async () => {
    const { one, root, sent } = await open({ state: 'pending' });
    expect(one('toolbar-start').hidden).toBe(false);
    expect(root.querySelector('.gallery-empty')!.textContent).toContain('press Start');
    expect(one('subject-said').textContent).toBe('Nothing is predicted yet.');
    expect(sent('of_test')).toEqual([]);
  });

  it('while it runs: influences are asked for before the quantiles are known', async () => {
    const { one, cards, sent } = await open({ state: 'running', known: 0 });
    expect(cards('harmful').length).toBe(12);
    expect(sent('of_test').length).toBe(1);
    expect(one('toolbar-pause').hidden).toBe(false);
    expect(one('progress-text').textContent).toContain('of 80 training points');
  });

  it('a silent kernel is waited for in words', () => {
    const kernel = new FakeInfluenceKernel(makeInfluence({ n: 5 }), { silent: true });
    const el = document.body.appendChild(document.createElement('div'));
    widget().render({ model: kernel, el });
    const root = el.querySelector('[data-dvl-panel]')!.shadowRoot!;
    expect(root.querySelector('[data-testid="waiting"]')!.textContent).toContain('Waiting for the kernel');
  });

  it('a question that fails is not asked over and over', async () => {
    const { kernel, rows, click, sent, one } = await open();
    kernel.silent = true;
    await click(rows('tests')[5]!);
    kernel.post({ v: 1, t: 'error', request: 'x', message: 'The store is gone.', where: 'of_test' });
    await wait(2000);
    expect(sent('of_test').length).toBe(2);
    expect(one('notice').textContent).toContain('The store is gone.');
  });

  it('another view of the same model goes on where the last one was', async () => {
    const { made, kernel, el, close, rows, click, tab, one } = await open();
    await click(rows('tests')[4]!);
    const test = at(one('subject'));
    await tab('training');
    close();
    made.render({ model: kernel, el });
    await wait(500);
    const root = el.querySelector('[data-dvl-panel]')!.shadowRoot!;
    expect(root.querySelector<HTMLElement>('[data-testid="panel"]')!.dataset.view).toBe('training');
    root.querySelector<HTMLElement>('[data-testid="tab"]')!.click();
    await wait(500);
    expect(at(root.querySelector('[data-testid="subject"]')!)).toBe(test);
  });

  it('keeps keys from the notebook', async () => {
    const { el, press, one } = await open();
    const heard: string[] = [];
    el.addEventListener('keydown', (event) => heard.push(event.key));
    for (const key of ['b', 'd', 't', 'g', 'x', '1', 'Enter']) {
      await press(key, one('subject'));
    }
    expect(heard).toEqual([]);
  });
});
