// @vitest-environment jsdom
/** A click that Python does not hear: the panel says so, says why, and stops saying so when it was heard. */

import { describe, expect, it, vi } from 'vitest';

import influence from '../src/hosts/influence';
import widget from '../src/hosts/widget';
import { UNHEARD_AFTER } from '../src/hearing';
import { LiveModel } from '../src/model';
import { kernelFacts, whyBlank, whySilent, whyUnheard, type KernelFacts } from '../src/unheard';
import { full, makeRun } from './harness/frames.mjs';
import { FakeInfluenceKernel, makeInfluence } from './harness/influence.mjs';
import { FakeKernel } from './harness/kernel.mjs';
import { onAPage } from './page';

const OLD = { ipykernel: '6.31.0', subshells: false };
const NEW = { ipykernel: '7.4.0', subshells: true };

/** A kernel whose run goes on and tells of it, and that hears nothing. */
class DeafKernel extends FakeKernel {
  constructor(private readonly facts: unknown = OLD) {
    super(makeRun({ n: 5 }), { silent: true });
  }

  override get(name: string): unknown {
    return name === 'kernel' ? this.facts : super.get(name);
  }

  frame(seq: number, status = {}): void {
    this.run.status = { ...this.run.status, ...status };
    this.post(...full(this.run, seq));
  }
}

function open(facts?: unknown) {
  const kernel = new DeafKernel(facts);
  const model = new LiveModel(kernel);
  kernel.frame(0);
  return { kernel, model };
}

function mounted(facts?: unknown) {
  const kernel = new DeafKernel(facts);
  const el = document.body.appendChild(document.createElement('div'));
  const made = widget();
  const done = made.render({ model: kernel, el });
  kernel.frame(0);
  vi.advanceTimersByTime(400);
  const root = el.querySelector('[data-dvl-panel]')!.shadowRoot!;
  const one = (id: string) => root.querySelector<HTMLElement>(`[data-testid="${id}"]`)!;
  return { kernel, one, done };
}

onAPage();

describe('a click', () => {
  it('that is not answered is unheard, also while the run tells of itself', () => {
    const { kernel, model } = open();
    model.control('pause');
    vi.advanceTimersByTime(UNHEARD_AFTER - 100);
    kernel.frame(1);
    expect(model.unheard).toBeNull();
    vi.advanceTimersByTime(200);
    expect(model.unheard).toBe('pause');
    expect(model.link).toBe('ok');
    kernel.frame(2, { pending: 'pause' });
    expect(model.unheard).toBeNull();
  });

  it('that is answered in time is never called unheard', () => {
    const { kernel, model } = open();
    model.control('pause');
    vi.advanceTimersByTime(UNHEARD_AFTER - 100);
    kernel.frame(1, { state: 'paused' });
    vi.advanceTimersByTime(60_000);
    expect(model.unheard).toBeNull();
  });

  it('that Python refuses was heard', () => {
    const { kernel, model } = open();
    model.control('pause');
    kernel.post({ v: 1, t: 'error', request: null, message: 'It is over.', where: 'pause' });
    vi.advanceTimersByTime(60_000);
    expect([model.asked, model.unheard, model.problem]).toEqual([null, null, 'It is over.']);
  });

  it('that follows another one is waited for from its own beginning', () => {
    const { kernel, model } = open();
    model.control('pause');
    vi.advanceTimersByTime(2000);
    model.undo();
    kernel.frame(1, { state: 'paused' });
    vi.advanceTimersByTime(1000);
    expect(model.unheard).toBeNull();
    vi.advanceTimersByTime(2000);
    expect(model.unheard).toBe('edit');
  });

  it('of a model that is gone starts nothing', () => {
    const { model } = open();
    model.control('pause');
    model.dispose();
    vi.advanceTimersByTime(60_000);
    expect(model.unheard).toBeNull();
  });
});

describe('the panel', () => {
  it('says why a click waits, and that the run goes on, until it is heard', () => {
    const { kernel, one } = mounted();
    one('toolbar-pause').click();
    vi.advanceTimersByTime(UNHEARD_AFTER + 100);
    expect(one('notice').hidden).toBe(false);
    expect(one('notice').textContent).toContain('ipykernel 6.31.0');
    expect(one('notice').textContent).toContain('The run goes on');
    kernel.frame(1, { state: 'paused' });
    vi.advanceTimersByTime(100);
    expect(one('notice').hidden).toBe(true);
  });

  it.each([null, {}, 'x', { ipykernel: 7 }, { ipykernel: '' }])(
    'says less where it knows less: %j',
    (facts) => {
      const { one } = mounted(facts);
      one('toolbar-pause').click();
      vi.advanceTimersByTime(UNHEARD_AFTER + 100);
      expect(one('notice').textContent).toContain('has not reached Python yet');
      expect(one('notice').textContent).not.toContain('ipykernel');
    }
  );

  it('takes a version for words, not for markup', () => {
    const { one } = mounted({ ipykernel: '<img src=x onerror=alert(1)>', subshells: false });
    one('toolbar-pause').click();
    vi.advanceTimersByTime(UNHEARD_AFTER + 100);
    expect(one('notice').querySelector('img')).toBeNull();
    expect(one('notice').textContent).toContain('<img');
  });

  it('of influences says it, too', () => {
    const made = new FakeInfluenceKernel(makeInfluence({ n: 20, state: 'running' }));
    const get = made.get.bind(made);
    made.get = (name: string) => (name === 'kernel' ? OLD : get(name));
    const el = document.body.appendChild(document.createElement('div'));
    influence().render({ model: made, el });
    vi.advanceTimersByTime(200);
    made.silent = true;
    const root = el.querySelector('[data-dvl-panel]')!.shadowRoot!;
    root.querySelector<HTMLElement>('[data-testid="toolbar-pause"]')!.click();
    vi.advanceTimersByTime(UNHEARD_AFTER + 100);
    expect(root.querySelector('[data-testid="notice"]')!.textContent).toContain('ipykernel 6.31.0');
  });
});

describe('the words', () => {
  const facts = (given: unknown): KernelFacts => kernelFacts(given)!;

  it('fit the kernel', () => {
    const old = whyUnheard('pause', facts(OLD), true);
    expect(old).toContain('“Pause”');
    expect(old).toContain('hears clicks only between cells');
    expect(old).toContain('Interrupting the cell (■)');
    expect(whyUnheard('edit', facts(NEW), false)).toContain('subshell');
    expect(whyUnheard('edit', facts(NEW), false)).toContain('Your edit');
    expect(whyUnheard('resume', facts(NEW), false)).not.toContain('goes on');
    expect(whySilent(facts(OLD))).toContain('6.31.0');
    expect(whySilent(facts(NEW))).toBe(whySilent(null));
    expect(whyBlank(facts(OLD))).toContain('fills when it ends');
    expect(whyBlank(facts(NEW))).toBe(whyBlank(null));
  });
});
