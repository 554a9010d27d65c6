// @vitest-environment jsdom
import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { LiveModel } from '../src/model';
import { FakeKernel } from './harness/kernel.mjs';
import { makeRun } from './harness/frames.mjs';
import { onAPage } from './page';

onAPage();

async function anew() {
  vi.resetModules();
  const { LiveModel: Model } = await import('../src/model');
  const { rehearse } = await import('../src/rehearsal');
  const { mountPanel } = await import('../src/panel');
  const { createLive } = await import('../src/valuation');
  const played: { source: LiveModel; at: HTMLElement; left: boolean }[] = [];
  const play = (source: LiveModel) => {
    const at = document.createElement('div');
    const one = { source, at, left: false };
    const leave = mountPanel(at, source, createLive);
    played.push(one);
    return () => {
      one.left = true;
      leave();
    };
  };
  return { Model, rehearse, play, played };
}

const rows = (at: HTMLElement) =>
  at.querySelector('[data-dvl-panel]')?.shadowRoot?.querySelectorAll('[data-testid=row]').length ?? 0;

describe('a rehearsal of the first paint', () => {
  let page: Awaited<ReturnType<typeof anew>>;
  beforeEach(async () => {
    page = await anew();
  });

  it('shows made-up points in a panel that is nowhere, and leaves nothing behind', async () => {
    const kernel = new FakeKernel(makeRun({ n: 5 }), { silent: true });
    const waiting = new page.Model(kernel);
    const sent = kernel.log.length;
    page.rehearse(waiting, page.play);
    await vi.advanceTimersByTimeAsync(1);
    const [{ source, at, left }] = page.played as [(typeof page.played)[0]];
    expect(source.points?.n).toBe(2);
    expect([rows(at), left, at.isConnected]).toEqual([2, false, false]);
    await vi.advanceTimersByTimeAsync(60);
    expect([rows(at), page.played[0]!.left, at.childElementCount]).toEqual([0, true, 0]);
    expect([kernel.log.length, waiting.points, waiting.problem]).toEqual([sent, null, null]);
    const before = vi.getTimerCount();
    source.dispose();
    expect(vi.getTimerCount()).toBe(before); // no timer of its own is left
    page.rehearse(waiting, page.play);
    await vi.advanceTimersByTimeAsync(60);
    expect(page.played).toHaveLength(1);
    waiting.dispose();
  });

  it('ends as soon as the real points come', async () => {
    const kernel = new FakeKernel(makeRun({ n: 5 }), { silent: true });
    const waiting = new page.Model(kernel);
    page.rehearse(waiting, page.play);
    await vi.advanceTimersByTimeAsync(1);
    expect(page.played[0]!.left).toBe(false);
    waiting.tell('values');
    expect(page.played[0]!.left).toBe(true);
    waiting.dispose();
  });

  it('is left out where they are there already', async () => {
    const waiting = new page.Model(new FakeKernel(makeRun({ n: 5 })));
    await vi.advanceTimersByTimeAsync(300);
    expect(waiting.points).not.toBeNull();
    page.rehearse(waiting, page.play);
    await vi.advanceTimersByTimeAsync(60);
    expect(page.played).toHaveLength(0);
    waiting.dispose();
  });
});
