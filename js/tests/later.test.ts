// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { h } from '../src/dom';
import { makeLater } from '../src/parts/later';
import type { Hub, MakePart, Part, PartMessage, Sight } from '../src/parts/part';

const sight = { points: { n: 3 } } as Sight;
let asked: [part: string, body: object, quietly: boolean][];
let say: (kind: string, text: string) => void;
let hub: Hub;
const settle = (): Promise<void> => new Promise((done) => setTimeout(done));

beforeEach(() => {
  asked = [];
  hub = {
    source: {
      ask: (part: string, body: object, quietly: boolean) => asked.push([part, body, quietly]),
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
    const part = makeLater('far', {}, () => Promise.resolve(() => made))(hub);
    part.paint!(sight);
    part.paint!(sight);
    expect(asked).toEqual([['far', { do: 'code' }, false]]); // the panel is not whole without it
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
    const load = vi.fn((): Promise<MakePart> => Promise.reject(new Error('blocked')));
    const part = makeLater('far', {}, load)(hub);
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
    load.mockResolvedValue(() => ({ overview: [h('b', {}, 'card')] }));
    say('code', 'y');
    await settle();
    expect(card.textContent).toBe('card');
  });

  it('runs as an inline script where the page refuses blobs, and says so where that cannot be either', async () => {
    vi.stubGlobal('URL', { createObjectURL: () => 'blob:refused', revokeObjectURL: () => undefined });
    const make = `//# comment\nexport default ($given) => {const h=$given(4),a=()=>({overview:[h("hr")]}),t="export default";return a;}`;
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

describe('a module that is wanted only sometimes', () => {
  const made = (): Part => ({ overview: [h('b', {}, 'card')], tools: [h('b', {}, 'tool')] });
  const load = (): Promise<MakePart> => Promise.resolve(made);

  /** On a panel. */
  function stand(part: Part): HTMLElement {
    const panel = document.body.appendChild(h('div', { class: 'panel' }));
    panel.append(...part.overview!, ...part.tools!, ...part.overlays!);
    return panel;
  }
  afterEach(() => {
    document.body.replaceChildren();
    vi.unstubAllGlobals();
  });

  it.each(['pointerover', 'focusin'])('comes at %s, and once', (type) => {
    const part = makeLater('far', { turned: true }, load)(hub);
    const panel = stand(part);
    part.paint!(sight);
    part.paint!(sight);
    expect(asked).toEqual([]);
    panel.dispatchEvent(new Event(type));
    panel.dispatchEvent(new Event(type));
    part.paint!(sight);
    expect(asked).toEqual([['far', { do: 'code' }, true]]); // nobody asked for it: nothing is said of a busy kernel
  });

  it('comes when its place comes into view, and keeps room for itself until then', async () => {
    let seen!: (all: { isIntersecting: boolean }[]) => void;
    const watched: Element[] = [];
    const disconnect = vi.fn();
    vi.stubGlobal(
      'IntersectionObserver',
      class {
        constructor(now: typeof seen) {
          seen = now;
        }
        observe = (one: Element) => watched.push(one);
        disconnect = disconnect;
      }
    );
    const part = makeLater('far', { seen: true, room: ['overview', 40] }, load)(hub);
    const panel = stand(part);
    part.paint!(sight);
    expect(watched).toEqual([]); // nobody turned to the panel
    panel.dispatchEvent(new Event('pointerover'));
    panel.dispatchEvent(new Event('pointerover'));
    expect(watched.map((one) => (one as HTMLElement).style.height)).toEqual(['40px']);
    seen([{ isIntersecting: false }]);
    expect(asked).toEqual([]);
    seen([{ isIntersecting: true }]);
    expect(asked.length).toBe(1);
    expect(disconnect).toHaveBeenCalled();
    say('code', 'x');
    await settle();
    expect([...part.overview![0]!.children].map((child) => child.textContent)).toEqual(['card']);
  });

  it('can be reached by Tab although its place was never seen', () => {
    vi.stubGlobal(
      'IntersectionObserver',
      class {
        observe = () => undefined;
        disconnect = () => undefined;
      }
    );
    const part = makeLater('far', { seen: true, room: ['overview', 40] }, load)(hub);
    const panel = stand(part);
    part.paint!(sight);
    panel.dispatchEvent(new Event('pointerover'));
    expect(asked).toEqual([]);
    panel.dispatchEvent(new Event('focusin'));
    expect(asked.length).toBe(1);
  });

  it('comes with the pointer where nobody can tell what is seen', () => {
    const part = makeLater('far', { seen: true, room: ['overview', 40] }, load)(hub);
    const panel = stand(part);
    part.paint!(sight);
    expect(asked).toEqual([]);
    panel.dispatchEvent(new Event('pointerover'));
    expect(asked.length).toBe(1);
  });

  it('comes when Python says what it waits for, and not when it says something else', () => {
    const part = makeLater('far', { heard: ({ kind, body }) => kind === 'offered' && body.text === 'much' })(
      hub
    );
    part.paint!(sight);
    say('offered', 'nothing');
    expect(asked).toEqual([]);
    say('offered', 'much');
    expect(asked.length).toBe(1);
  });

  it('is wanted with the first paint where Python said so before', () => {
    const part = makeLater('far', { heard: ({ kind }) => kind === 'offered' })(hub);
    say('offered', '');
    expect(asked).toEqual([]);
    part.paint!(sight);
    expect(asked.length).toBe(1);
  });

  it('takes a click before it is there, once', async () => {
    const button = h('button');
    const clicks = vi.fn();
    const part = makeLater('far', { clicked: [button] }, () =>
      Promise.resolve(() => {
        button.addEventListener('click', clicks);
        return made();
      })
    )(hub);
    part.paint!(sight);
    button.click();
    button.click();
    expect([asked.length, clicks.mock.calls.length]).toEqual([1, 0]);
    say('code', 'x');
    await settle();
    expect(clicks).toHaveBeenCalledTimes(1);
    button.click();
    expect(clicks).toHaveBeenCalledTimes(2);
  });

  it('uses what another view of the model was given, without asking for it again', async () => {
    const part = makeLater('far', { turned: true }, load)(hub);
    const panel = stand(part);
    say('code', 'x');
    part.paint!(sight);
    await settle();
    expect(part.overview![0]!.textContent).toBe('');
    panel.dispatchEvent(new Event('focusin'));
    await settle();
    expect([asked, part.overview![0]!.textContent]).toEqual([[], 'card']);
  });

  it('listens to nothing any more when the panel is gone', () => {
    const part = makeLater('far', { turned: true }, load)(hub);
    const panel = stand(part);
    part.paint!(sight);
    part.end!();
    panel.dispatchEvent(new Event('focusin'));
    expect(asked).toEqual([]);
  });
});

describe('a click before the module is there', () => {
  function stand(load: () => Promise<MakePart>) {
    const button = h('button', {}, 'Menu');
    const elsewhere = h('input');
    const complained: string[] = [];
    hub = {
      source: { ...hub.source, complain: (words: string) => complained.push(words) },
    } as unknown as Hub;
    const part = makeLater('far', { turned: true, clicked: [button], called: 'menu' }, load)(hub);
    const panel = h('div', { class: 'panel' }, button, elsewhere, ...part.overview!, ...part.overlays!);
    document.body.replaceChildren(panel);
    part.paint!(sight);
    part.paint!(sight);
    const press = (): void => {
      button.focus();
      button.click();
    };
    return { button, elsewhere, complained, panel, part, press };
  }
  const opening = (button: () => HTMLElement, opened: () => void): Promise<MakePart> =>
    Promise.resolve(() => {
      button().addEventListener('click', opened);
      return {};
    });

  it('wants it, and is repeated once when it comes', async () => {
    const opened = vi.fn();
    const { press } = stand(() => opening(() => document.querySelector('button')!, opened));
    expect(asked).toEqual([]);
    press();
    press();
    expect(asked.map(([, , quietly]) => quietly)).toEqual([true]); // with the focus, which came first
    say('code', 'x');
    await settle();
    expect(opened).toHaveBeenCalledTimes(1);
    press();
    expect(opened).toHaveBeenCalledTimes(2);
    expect(asked.length).toBe(1);
  });

  it('is not repeated when somebody went on elsewhere', async () => {
    const opened = vi.fn();
    const { elsewhere, press } = stand(() => opening(() => document.querySelector('button')!, opened));
    press();
    elsewhere.focus();
    say('code', 'x');
    await settle();
    expect(opened).not.toHaveBeenCalled();
    expect(document.activeElement).toBe(elsewhere);
    press();
    expect(opened).toHaveBeenCalledTimes(1);
  });

  it('is told where it is seen that the module cannot be loaded, and the next tries again', async () => {
    const opened = vi.fn();
    const load = vi.fn((): Promise<MakePart> => Promise.reject(new Error('blocked')));
    const { complained, panel, part, press } = stand(load);
    press();
    say('code', 'x');
    await settle();
    expect(complained).toEqual(['The menu could not be loaded here: Error: blocked ']);
    expect(panel.textContent).not.toContain('blocked');
    part.paint!(sight);
    expect(asked.length).toBe(1);
    load.mockImplementation(() => opening(() => document.querySelector('button')!, opened));
    press();
    expect(asked.length).toBe(2);
    say('code', 'x');
    await settle();
    expect(opened).toHaveBeenCalledTimes(1);
  });

  it('is of use after it could not be loaded for who only turned to the panel', async () => {
    const load = vi.fn((): Promise<MakePart> => Promise.reject(new Error('blocked')));
    const { complained, panel, press } = stand(load);
    panel.dispatchEvent(new Event('pointerover'));
    say('code', 'x');
    await settle();
    expect([panel.textContent, complained]).toEqual([expect.stringContaining('blocked'), []]);
    press();
    expect(asked.length).toBe(2);
    load.mockResolvedValue(() => ({}));
    say('code', 'x');
    await settle();
    expect(panel.textContent).not.toContain('blocked');
  });

  it('is asked for aloud where nothing came a moment later, and shows that it waits', async () => {
    vi.useFakeTimers();
    const { button, press, part } = stand(() => Promise.resolve(() => ({})));
    press();
    expect(button.getAttribute('aria-busy')).toBe('true');
    vi.advanceTimersByTime(1100);
    expect(asked.map(([, , quietly]) => quietly)).toEqual([true, false]);
    vi.useRealTimers();
    say('code', 'x');
    await settle();
    expect(button.hasAttribute('aria-busy')).toBe(false);
    part.end!();
  });
});

describe('a key before the module is there', () => {
  function stand() {
    const pressed = vi.fn(() => true);
    const row = h('div', { tabindex: 0 });
    const part = makeLater('far', { turned: true }, () => Promise.resolve(() => ({ press: pressed })))(hub);
    document.body.replaceChildren(h('div', { class: 'panel' }, row, ...part.overview!, ...part.overlays!));
    part.paint!(sight);
    row.focus();
    const event = new KeyboardEvent('keydown', { key: 'c', ctrlKey: true, cancelable: true });
    return { pressed, row, part, event };
  }

  it('is taken up when it comes, at the place where it was pressed', async () => {
    const { pressed, row, part, event } = stand();
    expect(part.press!(event, row)).toBe(false);
    await settle();
    say('code', 'x');
    await settle();
    expect(pressed.mock.calls).toEqual([[event, row]]);
  });

  it('is nobody’s any more where somebody else took it, or went on elsewhere', async () => {
    const { pressed, row, part, event } = stand();
    part.press!(event, row);
    event.preventDefault();
    await settle();
    const other = new KeyboardEvent('keydown', { key: 'v' });
    part.press!(other, row);
    await settle();
    row.blur();
    say('code', 'x');
    await settle();
    expect(pressed).not.toHaveBeenCalled();
  });
});

it('stands as a button where it will come, for who does not turn to the panel by pointer or Tab', async () => {
  const card = h('button', {}, 'card');
  const part = makeLater('far', { seen: true, room: ['overview', 40], called: 'far things' }, () =>
    Promise.resolve(() => ({ overview: [card] }))
  )(hub);
  document.body.replaceChildren(h('div', { class: 'panel' }, ...part.overview!, ...part.overlays!));
  part.paint!(sight);
  const button = part.overview![0]!.querySelector('button')!;
  expect(button.textContent).toBe('Show far things');
  button.click();
  expect(asked.map(([, , quietly]) => quietly)).toEqual([false]);
  button.focus();
  say('code', 'x');
  await settle();
  expect([part.overview![0]!.textContent, document.activeElement]).toEqual(['card', card]);
});
