// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';

import { mountAll } from '../src/hosts/page';
import { base64, copyOf, partOf } from './copies';
import { makeRun } from './harness/frames.mjs';
import { onAPage, wait } from './page';

const part = () => partOf(1_000_000, [7, 400, 999_999], [0, 3, 2]);

describe('on a page', () => {
  onAPage();

  function output(id: string, payload: string): { stand: HTMLElement; all: HTMLElement } {
    const all = document.createElement('div');
    all.innerHTML = `<div id="${id}" class="dvl-snapshot"><table></table></div><script type="application/json" class="dvl-snapshot-data" data-for="${id}"></script>`;
    all.querySelector('script')!.textContent = payload;
    document.body.append(all);
    return { stand: all.querySelector('.dvl-snapshot')!, all };
  }

  const inside = (el: Element) => el.querySelector('[data-dvl-panel]')!.shadowRoot!;
  const text = (el: Element, id: string) => inside(el).querySelector(`[data-testid="${id}"]`)!.textContent;

  it('each becomes a panel without buttons that need a kernel, once, however often the script runs', async () => {
    const one = output('dvl-1', JSON.stringify(copyOf()));
    expect(mountAll(document)).toBe(1);
    const two = output('dvl-2', JSON.stringify(part()));
    expect(mountAll(document)).toBe(1);
    expect(mountAll(document)).toBe(0);
    await wait(300);
    expect([one.stand.hidden, two.stand.hidden]).toEqual([true, true]);
    expect(text(one.all, 'footer-shown')).toBe('30 of 30 shown');
    expect(text(one.all, 'state')).toBe('finished');
    expect(text(one.all, 'footer-share')).toBe('shared: values (positions, labels, values)');
    expect(text(two.all, 'note')).toContain('3 of 1,000,000 points');
    expect(text(two.all, 'cell-id')).toMatch(/^(7|400|999999)$/);
    for (const id of ['toolbar-pause', 'relabel-button', 'drop', 'help', 'waiting', 'undo']) {
      expect(inside(one.all).querySelector(`[data-testid="${id}"]`)).toBeNull();
    }
  });

  it('values without errors, updates and rounds are shown without columns and a chart for them', async () => {
    const run = makeRun({ n: 30, state: 'finished' });
    run.stderr.fill(NaN);
    run.count.fill(0);
    const history = [[150, 0.5, 1]];
    const { all } = output(
      'dvl-1',
      JSON.stringify(copyOf({}, { run, content: { history, value_name: 'quantile' } }))
    );
    mountAll(document);
    await wait(300);
    const root = inside(all);
    const hidden = (id: string) => root.querySelector(`[data-testid="${id}"]`)!.closest('[hidden]') !== null;
    expect([...root.querySelectorAll('.sort-name')].map((e) => e.textContent)).not.toContain('± se');
    expect(text(all, 'sort-value')).toMatch(/^quantile/);
    expect(root.querySelector('[data-testid="cell-count"]')).toBeNull();
    expect(text(all, 'point-facts')).toMatch(/quantile−\d/);
    expect(text(all, 'point-facts')).not.toMatch(/±|updates/);
    expect(hidden('certainty-chart')).toBe(true);
    expect(root.querySelector('.overview')!.textContent).toContain('Ranking certainty');
    output('dvl-2', JSON.stringify(copyOf()));
    mountAll(document);
    await wait(300);
    const other = inside(document.body.lastElementChild!);
    expect(other.querySelector('[data-testid="certainty-chart"]')!.closest('[hidden]')).toBeNull();
    expect(other.querySelector('[data-testid="point-facts"]')!.textContent).toMatch(/±.*updates\d/);
  });

  it('an output that stands there twice becomes two panels', () => {
    const [one, two] = [output('dvl-1', JSON.stringify(copyOf())), output('dvl-1', JSON.stringify(copyOf()))];
    expect(mountAll(document)).toBe(2);
    expect([one.stand.hidden, two.stand.hidden]).toEqual([true, true]);
  });

  it('edits are shown where they were made, and filtered', async () => {
    const run = makeRun({ n: 30, state: 'finished' });
    run.codes[4] = (run.codes[4]! + 1) % 10;
    run.dropped[6] = 1;
    const edits = { count: 2, relabelled: 1, dropped: 1, undo: false, redo: false, path: '', saved: true };
    const marks = [
      { position: 4, field: 'flag', old: false, new: true },
      { position: 4, field: 'note', old: '', new: '<b>odd</b>' },
    ];
    const top = { edits: { edits: marks } };
    const { all } = output('dvl-1', JSON.stringify(copyOf({}, { run, content: { edits }, top })));
    mountAll(document);
    await wait(300);
    expect(text(all, 'edits-summary')).toBe('1 relabelled, 1 dropped');
    expect(inside(all).querySelectorAll('[data-mark]').length).toBe(1);
    inside(all).querySelector<HTMLElement>('[data-chip="edited"]')!.click();
    await wait(300);
    expect(text(all, 'footer-shown')).toBe('1 of 30 shown');
    const cell = inside(all).querySelector('[data-testid="cell-label"]')!;
    expect(cell.querySelector('s')!.textContent).not.toBe('');
    expect(cell.querySelector('.label-now')!.textContent).toBe(String(run.codes[4]));
    expect(cell.getAttribute('title')).toBe('5 → 6\nflagged: <b>odd</b>');
    inside(all).querySelector<HTMLElement>('[data-row="4"]')!.click();
    await wait(300);
    expect(text(all, 'point-facts')).toContain('flagged: <b>odd</b>');
  });

  it('pictures can be looked at as a gallery, and walked with the arrow keys', async () => {
    const rows = [...Array(30).keys()];
    const pixels = { b: 0, d: 'u1', n: 30 * 64 };
    const content = { v: 1, t: 'previews', request: null, rows, kind: 'image', pixels };
    const more = [{ content, buffers: [base64(new Uint8Array(30 * 64))] }];
    const { all } = output('dvl-1', JSON.stringify(copyOf({}, { top: { more, share: 'full' } })));
    mountAll(document);
    await wait(300);
    inside(all).querySelector<HTMLElement>('[data-testid="as-gallery"]')!.click();
    await wait(300);
    const tiles = () => [...inside(all).querySelectorAll<HTMLElement>('[data-testid="gallery"] [data-row]')];
    expect(tiles().length).toBe(30);
    tiles()[2]!.click();
    await wait(300);
    tiles()[2]!.dispatchEvent(
      new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true, composed: true })
    );
    await wait(300);
    expect(tiles()[3]!.classList.contains('focused')).toBe(true);
    expect(text(all, 'point-name')).toBe('point 4 of 30 shown');
  });

  it('without rows shows its charts, and no table', async () => {
    const { all } = output('dvl-1', JSON.stringify(partOf(5000, [], [])));
    mountAll(document);
    await wait(300);
    expect(inside(all).querySelector('[data-testid="panel"]')!.getAttribute('data-rows')).toBe('false');
    expect(inside(all).querySelector('[data-testid="histogram"]')!.getAttribute('aria-label')).toContain(
      'of 5,000 known'
    );
    expect(inside(all).querySelector<HTMLElement>('[data-testid="footer-shown"]')!.hidden).toBe(true);
  });

  it.each([
    ['rgb(20, 24, 30)', 'dark'],
    ['rgb(250, 250, 250)', 'light'],
    ['rgba(0, 0, 0, 0)', 'light'],
  ])('on a background of %s is %s', (colour, theme) => {
    document.body.style.backgroundColor = colour;
    const { all } = output('dvl-1', JSON.stringify(copyOf()));
    mountAll(document);
    expect(inside(all).querySelector('.panel')!.getAttribute('data-theme')).toBe(theme);
    document.body.style.backgroundColor = '';
  });

  it('what cannot be read is said, and its table stays', () => {
    const bad = output('dvl-1', JSON.stringify(copyOf({}, { content: { n: 31 } })));
    const good = output('dvl-2', JSON.stringify(copyOf()));
    expect(mountAll(document)).toBe(1);
    expect(bad.stand.hidden).toBe(false);
    expect(bad.all.querySelector('[role="alert"]')!.textContent).toMatch(
      /cannot be shown\..*should hold 31 numbers.*table below stays/
    );
    expect(bad.all.querySelector('[data-dvl-panel]')).toBeNull();
    expect(good.stand.hidden).toBe(true);
  });

  it('names, labels and texts are text, whatever they hold', async () => {
    const evil = [
      '<img src=x onerror=alert(1)>',
      '{{7*7}}',
      '\u202etxt.exe',
      '</script><script>alert(1)</script>',
    ];
    const run = makeRun({ n: 4, kind: 'tabular', state: 'finished' });
    run.classes = evil;
    run.codes.set([0, 1, 2, 3]);
    const content = { title: evil[0], ids: evil, method: evil[3], share: evil[1] };
    const { all } = output('dvl-1', JSON.stringify(copyOf({}, { run, content, top: { share: 'full' } })));
    mountAll(document);
    await wait(300);
    const panel = inside(all);
    expect(panel.querySelector('img, script, iframe, object')).toBeNull();
    expect(panel.querySelector('.title')!.textContent).toBe(evil[0]);
    const safe = [...evil.filter((name) => !name.startsWith('\u202e')), '\\u202etxt.exe'];
    const labels = [...panel.querySelectorAll('.label-now')].map((cell) => cell.textContent);
    expect(labels.sort()).toEqual(safe.sort());
  });
});
