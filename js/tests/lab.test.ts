// @vitest-environment jsdom
import { readFileSync } from 'node:fs';

import { beforeEach, describe, expect, it, vi } from 'vitest';

import { elsewhere, nextLook, RARELY, type Held } from '../src/hosts/lab/elsewhere';
import { RunList } from '../src/hosts/lab/list';
import { cellOf, placeOf } from '../src/hosts/lab/order';
import { Executing, tellsNews, type Passing } from '../src/hosts/lab/passing';
import {
  FAR,
  FAR_SLOW,
  FAST,
  IDLE,
  nextFarQuestion,
  nextQuestion,
  SLOW,
  type Scene,
} from '../src/hosts/lab/polling';
import { PATIENCE, Requests } from '../src/hosts/lab/requests';
import {
  changes,
  isRefusal,
  may,
  meant,
  readMessage,
  withAsked,
  type Answer,
  type RunInfo,
} from '../src/hosts/lab/runs';
import { Talk } from '../src/hosts/lab/talk';
import type { Group } from '../src/hosts/lab/tokens';
import { barWords, spoken, timeWords, waitingWords, type Trans } from '../src/hosts/lab/words';

/** English as it stands, with JupyterLab's way of filling in. */
const fill = (text: string, args: (string | number)[]): string =>
  text.replace(/%(\d)/g, (_, i: string) => String(args[Number(i) - 1]));
const trans: Trans = {
  __: (text, ...args) => fill(text, args),
  _n: (one, more, n, ...args) => fill(n === 1 ? one : more, [n, ...args]),
};

const RUN = {
  id: '1a2b3c4d', name: 'digits', title: 'Digits', method: 'Shapley', kind: 'valuation', state: 'running', pending: null,
  done: 331, total: 1000, unit: 'evaluations', seconds: 12, left: 21, certainty: 0.5, completion: 0.634, reason: '',
  error: null, n: 40, edits: 0, spark: [0, 50, 100], zero: 30, cell: 'c1', model: 'm1',
}; // prettier-ignore
const told = (...runs: unknown[]): unknown => ({
  v: 1,
  t: 'runs',
  request: '7',
  runs,
  kernel: { ipykernel: '7.4.0' },
});
const run = (more: Partial<RunInfo> = {}): RunInfo => ({
  ...(readMessage(told(RUN)) as Answer).runs[0]!,
  ...more,
});

describe('what a kernel says', () => {
  it('is read field by field; a run that makes no sense is left out, the others stay', () => {
    const answer = readMessage(
      told({ ...RUN, completion: 7, spark: [1, 'x'], left: NaN }, { id: 'x' }, 3)
    ) as Answer;
    expect(answer.runs).toHaveLength(1);
    expect(answer.runs[0]).toMatchObject({ completion: 1, spark: [], left: null, name: 'digits' });
    expect(answer.versions).toEqual({ ipykernel: '7.4.0', dvlwidgets: null });
  });

  it('may be a refusal, or none of ours', () => {
    const refusal = readMessage({ t: 'error', request: '8', message: 'over' });
    expect(refusal !== null && isRefusal(refusal) && refusal.message).toBe('over');
    for (const other of [null, 3, {}, { t: 'runs', request: 7 }, { t: 'runs', request: '7', runs: {} }]) {
      expect(readMessage(other)).toBeNull();
    }
  });

  it('is shown with what was clicked since', () => {
    const shown = withAsked([run(), run({ id: 'b' })], new Map([['b', 'pause']]));
    expect(shown.map(({ pending }) => pending)).toEqual([null, 'pause']);
  });

  it('tells which runs are new or in another state', () => {
    const found = changes([run()], [run({ state: 'paused' }), run({ id: 'b' })]);
    expect(found.map(({ run: { id }, before }) => [id, before])).toEqual([['1a2b3c4d', 'running'], ['b', null]]); // prettier-ignore
  });
});

describe('questions', () => {
  it('are answered once, and never after a restart', () => {
    const requests = new Requests();
    const one = requests.ask('pause', 'a', 0);
    expect(requests.answered(one)).toMatchObject({ kind: 'pause', run: 'a' });
    expect(requests.answered(one)).toBeNull();
    const two = requests.ask('runs', null, 0);
    expect(requests.isOpen('runs')).toBe(true);
    requests.forget();
    expect(requests.answered(two)).toBeNull();
  });

  it('that are overtaken bring no news', () => {
    const requests = new Requests();
    const [old, young] = [requests.ask('runs', null, 0), requests.ask('pause', 'a', 0)];
    expect(requests.isNews(young)).toBe(true);
    expect(requests.isNews(old)).toBe(false);
    expect(requests.isNews(requests.ask('runs', null, 0))).toBe(true);
  });

  it('are late after a while, and then stay open', () => {
    const requests = new Requests();
    const first = requests.ask('runs', null, 100);
    expect(requests.untilLate(600)).toBe(PATIENCE - 500);
    expect(requests.late(99 + PATIENCE)).toBe(false);
    expect(requests.late(100 + PATIENCE)).toBe(true);
    expect(requests.untilLate(100 + PATIENCE)).toBeNull();
    expect(requests.answered(first)).not.toBeNull();
    expect(requests.late(1e6)).toBe(false);
  });
});

describe('talking with a kernel', () => {
  it('shows a click until it is answered', () => {
    const talk = new Talk(() => undefined);
    const list = talk.ask('runs', null, {});
    expect(talk.hear({ ...(told(RUN) as object), request: list.request })).toBe(true);
    const stop = talk.click('stop', RUN.id);
    expect([talk.runs[0]!.pending, talk.link]).toEqual(['stop', 'open']);
    expect(talk.hear({ t: 'error', request: stop.request, message: 'it is over' })).toBe(true);
    expect([talk.runs[0]!.pending, talk.refusal]).toEqual([null, 'it is over']);
    expect(talk.hear({ t: 'error', request: stop.request, message: 'again' })).toBe(false);
    expect(talk.refusal).toBe('it is over');
  });

  it('lets a click be made again that went astray with the connection', () => {
    const talk = new Talk(() => undefined);
    talk.hear({ ...(told(RUN) as object), request: talk.ask('runs', null, {}).request });
    talk.click('stop', RUN.id);
    talk.drop();
    expect(may(talk.runs[0]!)).toEqual(['pause', 'stop']);
    talk.forget();
    expect([talk.runs.length, talk.link]).toEqual([0, 'new']);
  });

  it('tells when the kernel begins to let us wait', () => {
    vi.useFakeTimers();
    const changed = vi.fn();
    const talk = new Talk(changed);
    talk.ask('runs', null, {});
    vi.advanceTimersByTime(PATIENCE);
    expect([talk.link, changed.mock.calls.length]).toEqual(['new', 0]);
    vi.advanceTimersByTime(1);
    expect([talk.link, changed.mock.calls.length]).toEqual(['waiting', 1]);
    talk.drop();
    talk.ask('runs', null, {});
    talk.drop(); // its answer is not waited for any more
    vi.advanceTimersByTime(2 * PATIENCE);
    expect(changed).toHaveBeenCalledTimes(1);
    vi.useRealTimers();
  });
});

describe('the clock', () => {
  const scene: Scene = {
    page: true,
    list: true,
    working: true,
    waiting: false,
    executing: false,
    asked: false,
  };
  it.each([
    [{}, FAST],
    [{ list: false }, SLOW],
    [{ page: false }, null],
    [{ asked: true }, null],
    [{ working: false }, null],
    [{ working: false, executing: true }, 2 * FAST],
    [{ working: false, waiting: true }, IDLE],
    [{ working: false, waiting: true, list: false }, null],
  ])('asks %j after %s ms', (change, wait) => {
    expect(nextQuestion({ ...scene, ...change })).toBe(wait);
  });

  it.each([
    [{}, FAR],
    [{ list: false }, FAR_SLOW],
    [{ page: false }, null],
    [{ asked: true }, null],
    [{ working: false }, null],
    [{ working: false, executing: true }, FAR_SLOW],
    [{ working: false, waiting: true }, FAR_SLOW],
    [{ working: false, waiting: true, list: false }, null],
  ])('asks a kernel whose notebook is closed, %j, after %s ms', (change, wait) => {
    expect(nextFarQuestion({ ...scene, ...change })).toBe(wait);
  });

  const passing = (type: string, content: object, parentType = 'execute_request'): Passing => ({
    type,
    parentType,
    parentId: 'p',
    content,
  });
  it('is helped by what passes by', () => {
    expect(tellsNews(passing('status', { execution_state: 'idle' }))).toBe(true);
    expect(tellsNews(passing('status', { execution_state: 'idle' }, 'comm_msg'))).toBe(false); // our own questions
    expect(tellsNews(passing('status', { execution_state: 'busy' }))).toBe(false);
    expect(tellsNews(passing('comm_open', { target_name: 'jupyter.widget' }))).toBe(true);
    const update = (state: object) => passing('comm_msg', { data: { method: 'update', state } }, 'comm_msg');
    expect(tellsNews(update({ state: 'paused' }))).toBe(true);
    expect(tellsNews(update({ title: 'x' }))).toBe(false);
    expect(tellsNews(passing('stream', { text: 'x' }))).toBe(false);
  });

  it('knows of a cell that computes, whatever comms do meanwhile', () => {
    const executing = new Executing();
    expect(executing.note(passing('status', { execution_state: 'busy' }))).toBe(true);
    expect(executing.note(passing('status', { execution_state: 'idle' }, 'comm_msg'))).toBe(false);
    expect(executing.now).toBe(true);
    expect(executing.note(passing('status', { execution_state: 'idle' }))).toBe(true);
    expect(executing.now).toBe(false);
  });
});

describe('kernels that no notebook of this window holds', () => {
  const kernel = (id: string, more: object = {}) => ({ id, name: 'python3', last_activity: 't1', ...more });
  const session = (id: string, path: string, type = 'notebook', name = '') => ({
    path,
    type,
    name,
    kernel: { id },
  });
  const held = (kernels: string[] = [], coming: string[] = []): Held => ({
    kernels: new Set(kernels),
    coming: new Set(coming),
  });
  const isPython = (spec: string) => spec === 'python3';

  it('are those that run Python, but for the ones of notebooks that are open or about to be', () => {
    const kernels = [
      kernel('open'),
      kernel('coming'),
      kernel('closed'),
      kernel('console'),
      kernel('bare'),
      kernel('r', { name: 'ir' }),
      kernel('gone', { execution_state: 'dead' }),
    ];
    const sessions = [
      session('open', 'a.ipynb'),
      session('coming', 'b.ipynb'),
      session('closed', 'console-2', 'console', 'Console 2'), // a console on a notebook's kernel
      session('closed', 'd/c.ipynb'),
      session('console', 'console-1', 'console', 'Console 1'),
      { ...session('', 'dead.ipynb'), kernel: null },
    ];
    const found = elsewhere(kernels, sessions, held(['open'], ['b.ipynb']), isPython);
    expect(found.map((away) => [away.kernel, away.kind, away.path, away.name])).toEqual([
      ['closed', 'notebook', 'd/c.ipynb', 'd/c.ipynb'],
      ['console', 'console', 'console-1', 'Console 1'],
      ['bare', 'other', '', 'python3'],
    ]);
  });

  it('are left alone without dvlwidgets until they do something, and then asked rarely', () => {
    const [away] = elsewhere([kernel('k')], [], held(), isPython);
    expect(nextLook(undefined, away!, 5)).toBe(0);
    expect(nextLook({ at: 0, activity: 't1' }, away!, 10 * RARELY)).toBeNull();
    expect(nextLook({ at: 0, activity: 't0' }, away!, 1000)).toBe(RARELY - 1000);
    expect(nextLook({ at: 0, activity: 't0' }, away!, 2 * RARELY)).toBe(0);
  });
});

describe('commands', () => {
  it('ask only for what the state allows', () => {
    expect(may(run())).toEqual(['pause', 'stop']);
    expect(may(run({ pending: 'pause' }))).toEqual(['resume', 'stop']);
    expect(may(run({ state: 'paused' }))).toEqual(['resume', 'stop']);
    expect(may(run({ state: 'finished' }))).toEqual([]);
  });

  it('without a name mean the run in focus, else the newest that works', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((id) => ({
      run: run({ id, state: id === 'c' ? 'finished' : 'running' }),
    }));
    const all = [a!, b!, c!];
    expect(meant(all, 'a', 'pause')).toBe(a);
    expect(meant(all, 'c', 'pause')).toBe(b);
    expect(meant(all, 'c', null)).toBe(c);
    expect(meant([c!], null, 'pause')).toBeNull();
  });

  it('show a run by its id in a notebook that was renamed, by its name after a restart', () => {
    const at = (path: string, name: string, id: string) => ({
      group: { path } as unknown as Group,
      run: run({ name, id }),
    });
    const shown = { path: 'a.ipynb', name: 'digits', run: '1a2b3c4d', where: 'tab' } as const;
    const [renamed, restarted] = [at('b.ipynb', 'digits', '1a2b3c4d'), at('a.ipynb', 'digits', '0')];
    expect(placeOf(shown, [restarted, renamed])).toBe(renamed);
    expect(placeOf(shown, [at('b.ipynb', 'digits', '1'), restarted, at('a.ipynb', 'x', '2')])).toBe(
      restarted
    );
    expect(placeOf(shown, [at('b.ipynb', 'digits', '1')])).toBeNull();
  });

  it('find the cell by its id, else by what it shows', () => {
    const cells = [{ id: 'c0', models: ['m1'] }, { id: 'c1', models: [] }]; // prettier-ignore
    expect(cellOf(cells, { cell: 'c1', model: 'm1' })).toBe(1);
    expect(cellOf(cells, { cell: 'gone', model: 'm1' })).toBe(0);
    expect(cellOf(cells, { cell: null, model: null })).toBe(-1);
  });
});

describe('words', () => {
  it('say how many and how far', () => {
    expect(barWords([], trans)).toBe('');
    expect(barWords([run({ state: 'finished' })], trans)).toBe('');
    expect(barWords([run()], trans)).toBe('1 run, 63\u00a0%');
    expect(barWords([run(), run({ completion: 0 }), run({ state: 'failed' })], trans)).toBe(
      '2 runs, 31\u00a0%'
    );
  });

  it('say it all to who does not see the bar', () => {
    expect(spoken(run(), trans)).toBe('digits, Shapley, running, 63\u00a0%, 21 s left');
    expect(timeWords(run({ state: 'paused' }), trans)).toBe('12 s so far');
  });

  it('say why a kernel is silent', () => {
    const facts = { subshells: false, executing: true, versions: { ipykernel: '6.31.0', dvlwidgets: null } };
    expect(waitingWords(facts, trans)).toMatch(/\(ipykernel 6\.31\.0\) hears nothing while a cell computes/);
    expect(waitingWords({ ...facts, executing: false }, trans)).toMatch(/does not answer/);
    expect(waitingWords({ ...facts, subshells: true }, trans)).toMatch(/busy with a cell/);
  });
});

describe('the list', () => {
  const group = (...runs: RunInfo[]): Group => ({
    kernel: 'k', kind: 'notebook', path: 'a/b.ipynb', name: 'b.ipynb', here: true, link: 'open', known: true, executing: false, subshells: true,
    versions: { ipykernel: null, dvlwidgets: null }, refusal: null, leftOut: 0, runs,
  }); // prettier-ignore
  const rows = () => [...document.querySelectorAll<HTMLElement>('.dvl-run')];
  const key = (name: string) =>
    document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true }));
  let did: string[] = [];
  let list: RunList;
  beforeEach(() => {
    did = [];
    list = new RunList(trans, {
      act: (deed, { run: { id } }) => did.push(`${deed} ${id}`),
      open: () => did.push('open'),
      focused: () => undefined,
    });
    document.body.replaceChildren(list.element);
  });

  it('says of which kernels the notebook is not open, and what a click on the name does', () => {
    const name = () => document.querySelector('.dvl-group-name')!;
    const away = () => document.querySelector<HTMLElement>('.dvl-group-away')!;
    list.update([group(run())]);
    expect([away().hidden, name().getAttribute('title')]).toEqual([true, 'Show the notebook a/b.ipynb']);
    list.update([{ ...group(run()), here: false }]);
    expect([away().hidden, away().textContent]).toEqual([false, 'not open here']);
    expect(name().getAttribute('title')).toBe('Open the notebook a/b.ipynb');
    list.update([{ ...group(run()), here: false, kind: 'other', path: '' }]);
    expect([away().hidden, name().getAttribute('aria-disabled')]).toEqual([true, 'true']);
  });

  it('keeps rows, focus and order while states change, and drops what is gone', () => {
    list.update([group(run({ id: 'a' }), run({ id: 'b' }))]);
    const [first] = rows();
    rows()[1]!.focus();
    list.update([group(run({ id: 'a', state: 'paused' }), run({ id: 'b' }), run({ id: 'c' }))]);
    expect(rows().map((row) => row.dataset.run)).toEqual(['a', 'b', 'c']);
    expect(rows()[0]).toBe(first);
    expect(first!.dataset.state).toBe('paused');
    expect(document.activeElement).toBe(rows()[1]);
    list.update([group(run({ id: 'b' }))]);
    expect(rows().map((row) => row.dataset.run)).toEqual(['b']);
    list.update([]);
    expect(list.element.childElementCount).toBe(0);
  });

  it('is walked with the arrows; one row is a stop of the tab key', () => {
    list.update([group(run({ id: 'a' }), run({ id: 'b' }), run({ id: 'c' }))]);
    rows()[0]!.focus();
    key('ArrowDown');
    expect(document.activeElement).toBe(rows()[1]);
    key('End');
    key('ArrowDown');
    expect(document.activeElement).toBe(rows()[2]);
    expect(rows().map((row) => row.tabIndex)).toEqual([-1, -1, 0]);
    key('Enter');
    expect(did).toEqual(['reveal c']);
  });

  it('names its buttons, and does not do what cannot be done', () => {
    list.update([group(run({ id: 'a', state: 'finished', model: null, cell: null }))]);
    const buttons = [...document.querySelectorAll<HTMLButtonElement>('.dvl-button')];
    expect(buttons.every((button) => button.getAttribute('aria-label')?.includes('digits'))).toBe(true);
    buttons.forEach((button) => button.click());
    expect(did).toEqual([]);
    list.update([group(run({ id: 'a' }))]);
    const button = (deed: string) => document.querySelector<HTMLButtonElement>(`[data-deed=${deed}]`)!;
    button('pause').focus();
    button('pause').click();
    expect(did).toEqual(['pause a']);
    list.update([group(run({ id: 'a', state: 'paused' }))]);
    expect(document.activeElement).toBe(button('resume'));
    list.update([group(run({ id: 'a', state: 'stopped' }))]);
    expect(document.activeElement).toBe(rows()[0]);
  });

  it('shows names as text, whatever they are', () => {
    const evil = '<img src=x onerror="window.hacked=1">';
    list.update([group(run({ name: evil, title: evil, method: evil, error: evil, state: 'failed' }))]);
    expect(document.querySelector('img')).toBeNull();
    expect(document.querySelector('.dvl-run-name')?.textContent).toBe(evil);
  });

  it('says why it waits, with the runs as they were', () => {
    list.update([{ ...group(run({ id: 'a' })), link: 'waiting', subshells: false, executing: true }]);
    expect(document.querySelector('.dvl-group-note')?.textContent).toMatch(
      /hears nothing while a cell computes/
    );
    expect(rows()).toHaveLength(1);
  });
});

describe('the schema', () => {
  it('has keys for commands that exist only', () => {
    const schema = JSON.parse(readFileSync('js/schema/plugin.json', 'utf8')) as {
      'jupyter.lab.shortcuts': { command: string; selector: string; keys: string[] }[];
    };
    const names = readFileSync('js/src/hosts/lab/names.ts', 'utf8');
    for (const { command, keys } of schema['jupyter.lab.shortcuts']) {
      expect(names).toContain(`'${command}'`);
      expect(keys).toHaveLength(1);
    }
  });
});
