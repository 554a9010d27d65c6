// @vitest-environment jsdom

import { beforeEach, describe, expect, it, vi } from 'vitest';

import { h } from '../src/dom';
import { makeLater } from '../src/parts/later';
import type { Hub, MakePart, Part, PartMessage, Sight } from '../src/parts/part';

const sight = { points: { n: 3 } } as Sight;
let asked: unknown[];
let say: (kind: string, text: string) => void;
let hub: Hub;
const settle = (): Promise<void> => new Promise((done) => setTimeout(done));

beforeEach(() => {
  asked = [];
  hub = {
    source: {
      ask: (...command: unknown[]) => asked.push(command),
      hear(_: string, listener: (message: PartMessage) => void) {
        say = (kind, text) => listener({ part: 'far', request: null, kind, body: { text }, buffers: [] });
        return () => undefined;
      },
    },
  } as unknown as Hub;
});

describe('a part whose module comes later', () => {
  it('has every place and its keys once it is there, and is painted', async () => {
    const paint = vi.fn();
    const made: Part = {
      overview: [h('b', {}, 'card')],
      bar: [h('b', {}, 'filter')],
      footer: [h('b', {}, 'foot')],
      takeBack: [h('b', {}, 'back')],
      keys: [['v', 'view']],
      paint,
    };
    const part = makeLater('far', () => Promise.resolve({ default: () => made }))(hub);
    part.paint!(sight);
    part.paint!(sight);
    expect(asked).toEqual([['far', { do: 'code' }]]);
    expect([part.keys, part.bar![0]!.textContent]).toEqual([[], '']);
    say('code', 'x');
    await settle();
    expect(paint).toHaveBeenCalledWith(sight);
    const words = [part.overview, part.bar, part.footer, part.takeBack].map(
      (place) => place![0]!.textContent
    );
    expect([words, part.keys]).toEqual([['card', 'filter', 'foot', 'back'], [['v', 'view']]]);
  });

  it('says why it did not load, and is tried again when somebody asks', async () => {
    const load = vi.fn((): Promise<{ default: MakePart }> => Promise.reject(new Error('blocked')));
    const part = makeLater('far', load)(hub);
    const card = part.overview![0]!;
    document.body.append(card);
    part.paint!(sight);
    say('code', 'x');
    await settle();
    expect(card.textContent).toContain('blocked');
    part.paint!(sight);
    expect(asked.length).toBe(1); // it is not asked for by itself: it would fail once a frame
    card.querySelector('button')!.click();
    expect(asked.length).toBe(2);
    load.mockResolvedValue({ default: () => ({ overview: [h('b', {}, 'card')] }) });
    say('code', 'y');
    await settle();
    expect(card.textContent).toBe('card');
  });

  it('runs as an inline script where the page refuses blobs, and says so where that cannot be either', async () => {
    vi.stubGlobal('URL', { createObjectURL: () => 'blob:refused', revokeObjectURL: () => undefined });
    const make = `const a=()=>({overview:[document.createElement("hr")]}),t="export";export{a as default};`;
    for (const [code, tag] of [
      [make, 'HR'],
      ['const a = 1;', 'P'], // as where no script runs: nothing is made
    ] as const) {
      const part = makeLater('far')(hub);
      say('code', code);
      await vi.waitFor(() => expect(part.overview![0]!.firstElementChild?.tagName).toBe(tag));
    }
    expect(document.head.querySelector('script')).toBeNull();
    vi.unstubAllGlobals();
  });

  it('is asked for again when nothing comes', () => {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(1000);
    const part = makeLater('far')(hub);
    part.paint!(sight);
    clock.mockReturnValue(15_000);
    part.paint!(sight);
    expect(asked.length).toBe(1);
    clock.mockReturnValue(30_000);
    part.paint!(sight);
    expect(asked.length).toBe(2);
    clock.mockRestore();
  });
});
