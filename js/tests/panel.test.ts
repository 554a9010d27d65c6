// @vitest-environment jsdom
import { describe, expect, it, vi } from 'vitest';

import widget from '../src/hosts/widget';
import { FakeKernel } from './harness/kernel.mjs';
import { makeRun } from './harness/frames.mjs';
import { onAPage, wait } from './page';

onAPage();

function inside(parent: Element) {
  const root = parent.querySelector('[data-dvl-panel]')!.shadowRoot!;
  const all = (id: string) => [...root.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
  const one = (id: string) => all(id)[0]!;
  return { root, all, one, text: (id: string) => one(id).textContent };
}

async function open(options: Record<string, string | number> = {}) {
  const kernel = new FakeKernel(makeRun({ n: 60, ...options }));
  const el = document.body.appendChild(document.createElement('div'));
  const made = widget();
  const leave = made.initialize({ model: kernel });
  const close = made.render({ model: kernel, el });
  await wait(400);
  const panel = inside(el);
  const row = (i: number) => panel.all('row').filter((r) => !r.hidden)[i]!;
  const press = async (key: string, target: Element = row(0), more = {}) => {
    target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, composed: true, ...more }));
    await wait(400);
  };
  const click = async (target: Element, more = {}) => {
    target.dispatchEvent(new MouseEvent('click', { bubbles: true, composed: true, ...more }));
    await wait(400);
  };
  return { kernel, el, made, leave, close, ...panel, row, press, click };
}

const lowestOf = (kernel: FakeKernel): number[] =>
  [...kernel.run.value.keys()].sort((a, b) => kernel.run.value[a]! - kernel.run.value[b]!);

describe('a live panel', () => {
  it('shows the run and the lowest values first', async () => {
    const { kernel, text, one, row } = await open();
    expect(text('state')).toBe('running');
    expect(text('progress-text')).toContain('7,440 of ~12,000 evaluations · 21 s left · ranking');
    expect(one('table').getAttribute('aria-rowcount')).toBe('61');
    expect(Number(row(0).dataset.row)).toBe(lowestOf(kernel)[0]);
    expect(text('footer-shown')).toBe('60 of 60 shown');
    expect(Number(one('certainty-chart').dataset.points)).toBe(39);
  });

  it('comes in four frames: some rows, all rows, the bars, the cards', async () => {
    const kernel = new FakeKernel(makeRun({ n: 60 }));
    const el = document.body.appendChild(document.createElement('div'));
    widget().render({ model: kernel, el });
    const { one, all, text } = inside(el);
    const rows = () => all('row').filter((row) => !row.hidden).length;
    const seen: unknown[] = [];
    for (let ms = 0; ms < 400; ms += 4) {
      await wait(4);
      const now = [rows(), one('panel').hasAttribute('data-first'), text('state'), text('point-name')];
      if (rows() > 0 && JSON.stringify(now) !== JSON.stringify(seen.at(-1))) {
        seen.push(now);
      }
    }
    const [most] = seen.at(-1) as [number];
    expect(most).toBeGreaterThan(4);
    expect(seen).toEqual([
      [4, true, '', ''],
      [most, true, '', ''],
      [most, false, 'running', ''],
      [most, false, 'running', 'point 1 of 60 shown'],
    ]);
  });

  it('waits in words, and says when nobody answers', async () => {
    const kernel = new FakeKernel(makeRun({ n: 5 }), { silent: true });
    const el = document.body.appendChild(document.createElement('div'));
    widget().render({ model: kernel, el });
    const { text } = inside(el);
    expect(text('waiting')).toContain('Waiting for the kernel');
    await wait(9000);
    expect(text('waiting')).toContain('does not answer');
  });

  it('shows the copy in its state, shut in a frame, when nobody answers, and the kernel when it does', async () => {
    const kernel = new FakeKernel(makeRun({ n: 5 }), { silent: true });
    kernel.page = '<p>a copy</p>';
    const el = document.body.appendChild(document.createElement('div'));
    widget().render({ model: kernel, el });
    const { root, one } = inside(el);
    expect(root.querySelector('iframe')).toBeNull();
    await wait(6000);
    expect(root.querySelectorAll('iframe')).toHaveLength(1);
    expect(root.querySelector('iframe')!.getAttribute('srcdoc')).toBe('<p>a copy</p>');
    expect(root.querySelector('iframe')!.getAttribute('sandbox')).toBe('allow-scripts');
    kernel.silent = false;
    await wait(6000);
    expect(one('waiting').hidden).toBe(true);
  });

  it('relabels by key, shows old and new, and says saved only when it is', async () => {
    const { kernel, text, press, row, one } = await open();
    const at = Number(row(0).dataset.row);
    const was = kernel.run.codes[at]!;
    const key = String((was + 1) % 10);
    await press(key);
    expect(kernel.log.filter((c) => c.t === 'relabel')).toMatchObject([
      { rows: [at], label: (was + 1) % 10 },
    ]);
    const cell = row(0).querySelector('[data-testid="cell-label"]')!;
    expect(cell.querySelector('s')!.textContent).toBe(String(was));
    expect(cell.querySelector('.label-now')!.textContent).toBe(key);
    expect(text('saved')).toBe('1 edit, saved');
    await press('u');
    expect(kernel.run.codes[at]).toBe(was);
    expect(one('saved').hidden).toBe(true);
    await press('U', row(0), { shiftKey: true });
    expect(kernel.run.codes[at]).toBe((was + 1) % 10);
  });

  it('says saving while Python is silent', async () => {
    const { kernel, text, press } = await open();
    kernel.silent = true;
    await press('x');
    expect(text('saved')).toBe('saving 1 edit…');
    await wait(9000);
    expect(text('notice')).toContain('The kernel does not answer');
  });

  it('edits the whole selection, and says of how many', async () => {
    const { kernel, all, one, row, click, root } = await open();
    const rows = [0, 1, 2].map((i) => Number(row(i).dataset.row));
    await click(row(0));
    await click(row(2), { shiftKey: true });
    expect(root.querySelector('.relabel h3 > span')!.textContent).toBe('Relabel 3 selected points');
    await click(all('relabel-button')[4]!);
    expect(rows.map((at) => kernel.run.codes[at])).toEqual([4, 4, 4]);
    await click(one('drop'));
    expect(rows.map((at) => kernel.run.dropped[at])).toEqual([1, 1, 1]);
    await click(one('drop'));
    expect(rows.map((at) => kernel.run.dropped[at])).toEqual([0, 0, 0]);
  });

  it('keeps keys from the notebook, and its own keys from fields', async () => {
    const { el, kernel, one, press, row } = await open();
    const heard: string[] = [];
    el.addEventListener('keydown', (event) => heard.push(event.key));
    for (const key of ['b', 'd', 'd', 'm', 'x', '1', '6']) {
      await press(key, one('filter-text'));
      await press(key);
    }
    expect(heard).toEqual([]);
    await press('s', row(0), { ctrlKey: true });
    expect(heard).toEqual(['s']);
    expect(el.querySelector('[data-dvl-panel]')!.hasAttribute('data-lm-suppress-shortcuts')).toBe(true);
    expect(kernel.log.filter((c) => c.t === 'drop').length).toBe(1);
    expect(kernel.log.filter((c) => c.t === 'relabel').length).toBe(2);
  });

  it('moves the focus by keys, also beyond the rows in sight', async () => {
    const { kernel, press, root } = await open();
    const order = lowestOf(kernel);
    const focused = () => Number(root.querySelector<HTMLElement>('.row.focused:not([hidden])')!.dataset.row);
    await press('ArrowDown');
    expect(focused()).toBe(order[1]);
    await press('End');
    expect(focused()).toBe(order[59]);
    await press('p', root.querySelector('.row.focused')!);
    expect(focused()).toBe(order[58]);
    expect(root.querySelectorAll('.row[tabindex="0"]:not([hidden])').length).toBe(1);
  });

  it('filters by chip and field, and sorts by header', async () => {
    const { kernel, all, one, text, click, row } = await open();
    const lowest = all('chip').find((chip) => chip.dataset.chip === 'lowest')!;
    await click(lowest);
    expect(lowest.getAttribute('aria-pressed')).toBe('true');
    expect(text('footer-shown')).toBe('3 of 60 shown');
    await click(lowest);
    await click(one('sort-value'));
    expect(Number(row(0).dataset.row)).toBe(lowestOf(kernel).at(-1));
    expect(one('sort-value').parentElement!.getAttribute('aria-sort')).toBe('descending');
    const find = one('filter-text') as HTMLInputElement;
    find.value = 'no such id';
    find.dispatchEvent(new Event('input'));
    await wait(400);
    expect(one('table').parentElement!.textContent).toContain('None of 60 points passes the filters.');
  });

  it('offers no filter for what all points have', async () => {
    const { kernel, root } = await open();
    const chip = root.querySelector<HTMLElement>('[data-chip="unconverged"]')!;
    expect(chip.hidden).toBe(false);
    (kernel.run as unknown as { converged: Uint8Array }).converged.fill(0); // as under a rule that says nothing of a point
    kernel.tick();
    await wait(400);
    expect(chip.hidden).toBe(true);
  });

  it('shows a pressed button as pending until the run is there', async () => {
    const { one, text, click } = await open();
    one('toolbar-pause').click();
    await wait(60);
    expect(text('state')).toBe('pausing…');
    expect((one('toolbar-pause') as HTMLButtonElement).disabled).toBe(true);
    await wait(800);
    expect(text('state')).toBe('paused');
    await click(one('toolbar-resume'));
    await wait(800);
    expect(text('state')).toBe('running');
    await click(one('toolbar-stop'));
    await wait(800);
    expect(text('state')).toBe('stopped');
    expect(['pause', 'resume', 'stop'].every((verb) => one(`toolbar-${verb}`).hidden)).toBe(true);
  });

  it('shows what failed, with the first traceback on demand', async () => {
    const { kernel, one, text, click } = await open();
    kernel.run.status = {
      ...kernel.run.status,
      failures: 2,
      failure: 'Traceback: <b>ValueError</b>',
      state: 'failed',
      error: 'the scorer broke',
    };
    kernel.tick();
    await wait(3000);
    expect(text('footer-failures')).toBe('2 failed fits');
    expect(text('notice')).toBe('The run failed: the scorer broke');
    await click(one('footer-failures'));
    expect(one('sheet').querySelector('pre')!.textContent).toBe('Traceback: <b>ValueError</b>');
    expect(one('sheet').querySelector('b')).toBeNull();
  });

  it('shows the traceback of a run that failed before any fit was counted', async () => {
    const { kernel, one, text, click } = await open();
    const status = { failures: 0, failure: 'Traceback: singular', state: 'failed', error: 'no fit' } as const;
    kernel.run.status = { ...kernel.run.status, ...status };
    kernel.tick();
    await wait(3000);
    expect(text('footer-failures')).toBe('First traceback');
    await click(one('footer-failures'));
    expect(one('sheet').querySelector('pre')!.textContent).toBe('Traceback: singular');
  });

  it('shows a number field for regression', async () => {
    const { kernel, one, row } = await open({ kind: 'number' });
    const field = one('relabel-field') as HTMLInputElement;
    expect(field.type).toBe('number');
    const at = Number(row(0).dataset.row);
    field.value = '12.5';
    (field.closest('form') as HTMLFormElement).dispatchEvent(new Event('submit', { cancelable: true }));
    await wait(400);
    expect(kernel.log.filter((c) => c.t === 'relabel')).toMatchObject([{ rows: [at], number: 12.5 }]);
    expect(row(0).querySelector('.label-now')!.textContent).toBe('12.5');
  });

  it('shows unknown values as a dash, last', async () => {
    const { row, all } = await open({ known: 0.05 });
    const number = (element: Element) => element.querySelector('.number')!.textContent;
    expect(number(row(0))).not.toBe('—');
    expect(
      number(
        all('row')
          .filter((r) => !r.hidden)
          .at(-1)!
      )
    ).toBe('—');
  });

  it('hands state, scroll and focus to the next view of its model', async () => {
    vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(400);
    const { kernel, made, close, press, click, one, row } = await open();
    const ticked = Number(row(2).dataset.row);
    await click(row(2), { ctrlKey: true });
    await click(one('sort-stderr'));
    await press('End');
    one('drop').focus();
    close();
    const el = document.body.appendChild(document.createElement('div'));
    made.render({ model: kernel, el });
    await wait(400);
    const next = inside(el);
    expect(next.one('sort-stderr').parentElement!.getAttribute('aria-sort')).toBe('ascending');
    expect(next.text('footer-selected')).toBe('1 selected');
    expect(next.one('table').scrollTop).toBeGreaterThan(1000);
    expect(next.root.activeElement).toBe(next.one('drop'));
    const box = next.root.querySelector<HTMLInputElement>(`.row[data-row="${ticked}"] input`);
    expect(box === null || box.checked).toBe(true);
  });

  it('remembers also when its host only empties the node, and lets go of the model', async () => {
    vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(400);
    const look: ((inSight: boolean) => void)[] = [];
    vi.stubGlobal(
      'IntersectionObserver',
      class {
        constructor(tell: (entries: { isIntersecting: boolean }[]) => void) {
          look.push((isIntersecting) => tell([{ isIntersecting }]));
        }
        observe = () => undefined;
        disconnect = () => undefined;
      }
    );
    const { kernel, made, el, click, one, text } = await open();
    await click(one('sort-stderr'));
    one('drop').focus();
    const host = el.firstElementChild!;
    el.textContent = '';
    look[0]!(false);
    const again = document.body.appendChild(document.createElement('div'));
    made.render({ model: kernel, el: again });
    await wait(400);
    const next = inside(again);
    expect(next.one('sort-stderr').parentElement!.getAttribute('aria-sort')).toBe('ascending');
    expect(next.root.activeElement).toBe(next.one('drop'));
    kernel.tick();
    await wait(3000);
    const stale = text('progress-text');
    expect(next.text('progress-text')).not.toBe(stale);
    el.append(host);
    look[0]!(true);
    await wait(3000);
    expect(text('progress-text')).toBe(next.text('progress-text'));
    vi.unstubAllGlobals();
  });

  it('has the column of the values before, as the view before it had', async () => {
    const { kernel, made } = await open();
    const values = { b: 0, d: 'f4', n: 60 };
    const body = { v: 1, t: 'part', part: 'again', request: null, kind: 'before', values };
    kernel.post(body, [new DataView(new Float32Array(60).fill(0.25).buffer)]);
    await wait(400);
    const again = document.body.appendChild(document.createElement('div'));
    made.render({ model: kernel, el: again });
    await wait(400);
    expect(inside(again).text('cell-before')).toBe('0.250');
  });

  it('does not take a focus that somebody else has by now', async () => {
    vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(400);
    const { kernel, made, close, one } = await open();
    one('drop').focus();
    close();
    const field = document.body.appendChild(document.createElement('input'));
    field.focus();
    made.render({ model: kernel, el: document.body.appendChild(document.createElement('div')) });
    await wait(400);
    expect(document.activeElement).toBe(field);
  });

  it('shares one store among many views, and leaves nothing behind', async () => {
    const { kernel, made, el, close, leave } = await open();
    const second = document.body.appendChild(document.createElement('div'));
    const abort = new AbortController();
    made.render({ model: kernel, el: second, signal: abort.signal });
    await wait(300);
    expect(kernel.log.filter((c) => c.t === 'hello').length).toBe(1);
    expect(inside(second).text('footer-shown')).toBe('60 of 60 shown');
    abort.abort();
    expect(second.childElementCount).toBe(0);
    close();
    expect(el.childElementCount).toBe(0);
    leave();
    await wait(60_000);
    expect(vi.getTimerCount()).toBe(0);
    expect(kernel.listeners.size).toBe(0);
  });
});
