/**
 * A part that comes after the panel: its module is a file of its own in `dvlwidgets/static/`, which Python hands over
 * when it is wanted.
 */

import { h } from '../dom';
import { words } from '../read';
import { notLoaded, Say } from '../words';
import { createMeant } from './later/meant';
import { createWatch, PLACES, type Place, type Wanted } from './later/wanted';
import { showPart } from './later/words';
import { moduleOf } from './module';
import type { Hub, MakePart, Part, PartMessage, Sight } from './part';

/** Points above which a chart beside the table comes after it, this long (ms). */
const LARGE = 50_000;
const STILL = 120;
/** A module that did not come for this long (ms) is asked for again; sooner when somebody clicks for it once more. */
const PATIENCE = 20_000;
const CLICKED = 1_000;

type Load = (source: string) => Promise<unknown>;

/** `name`: of the part; its other half answers "code" with the module. */
export function makeLater(name: string, when: Wanted = {}, load: Load = moduleOf): MakePart {
  return (hub: Hub): Part => {
    const { called = name, clicked = [], room } = when;
    const box = (place: string): [string, [HTMLElement]] => [
      place,
      [h('div', { style: 'display: contents' })],
    ];
    const at = Object.fromEntries(PLACES.map(box)) as Record<Place, [HTMLElement]>;
    const keys: (readonly [string, string])[] = [];
    const trouble = h('p', { class: 'muted' });
    /** What stands in its place until it comes: for who does not turn to the panel by pointer or Tab. */
    const free = h(
      'div',
      { class: 'room' },
      h('button', { class: 'link muted', onclick: insist }, showPart(called))
    );
    const watch = createWatch(when, free, want);
    const meant = createMeant(clicked);
    /** Where nothing is waited for the panel is not whole without it. */
    const always = Object.keys(when).length === 0;
    let part: Part | null = null;
    let sight: Sight | null = null;
    let wanted = always;
    let asked = -Infinity;
    let came: string | null = null;
    let taken = false;
    /** It could not be loaded: it is not asked for by itself, that would fail once a frame. */
    let failed = false;
    let ended = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let again: ReturnType<typeof setTimeout> | undefined;

    function draw(): void {
      clearTimeout(timer);
      timer = undefined;
      if (sight !== null) {
        part?.paint?.(sight);
      }
    }

    /**
     * After the frame that shows the table: no answer of the table waits for it. Where only the focus moved it is so little
     * that a frame of its own would be dearer. A stream of changes does not put it off for ever: it is drawn at that pace.
     */
    function soon(n: number, moved: boolean): void {
      if (moved && n <= LARGE) {
        draw();
      } else {
        timer ??= setTimeout(draw, n <= LARGE ? 0 : STILL);
      }
    }

    function want(): void {
      if (!wanted) {
        wanted = true;
        watch.end();
        if (sight !== null) {
          ask(false);
        }
      }
    }

    /** Somebody clicks for it: they are told where Python does not answer. */
    function insist(): void {
      wanted = true;
      watch.end();
      clearTimeout(again);
      const wait = failed ? 0 : asked + CLICKED - performance.now();
      if (wait <= 0) {
        again = undefined;
        if (!taken && !ended) {
          ask(true);
        }
      } else {
        again = setTimeout(insist, wait); // it may be on its way
      }
    }

    /** Also what another view of the same model asked for. `loud`: it is said where no answer comes. */
    function ask(loud: boolean): void {
      asked = performance.now();
      failed = false;
      if (came === null) {
        hub.source.ask(name, { do: 'code' }, !loud);
      } else {
        void take(came);
      }
    }

    async function take(source: string): Promise<void> {
      taken = true;
      try {
        const made = ((await load(source)) as MakePart)(hub);
        if (ended) {
          made.end?.();
          return;
        }
        part = made;
        put(made);
        meant.do(made);
      } catch (error) {
        const why = notLoaded(called, words(String(error), 'the error'));
        if (meant.byClick()) {
          hub.source.complain(why); // where it is seen at once; another click tries again
        } else {
          trouble.replaceChildren(why, h('button', { class: 'link', onclick: insist }, Say.tryAgain));
          at.overview[0].append(trouble);
        }
        failed = true;
        taken = false;
      }
      meant.forget();
      came = null;
    }

    function put(made: Part): void {
      trouble.remove();
      const held = free.matches(':focus-within');
      free.remove();
      PLACES.forEach((place) => at[place][0].append(...(made[place] ?? [])));
      at.overlays[0].append(h('style', {}, made.style ?? ''));
      keys.push(...(made.keys ?? []));
      draw();
      if (held) {
        at[room![0]][0].querySelector<HTMLElement>('button:not([hidden])')?.focus({ preventScroll: true });
      }
    }

    const stop = hub.source.hear(name, (message: PartMessage) => {
      const { kind, body } = message;
      if (kind === 'code' && typeof body.text === 'string' && !taken) {
        came = body.text;
        if (wanted) {
          void take(came);
        }
      } else if (when.heard?.(message) === true) {
        want();
      }
    });
    if (room !== undefined) {
      const [place, height] = room;
      free.style.height = `${height}px`;
      at[place][0].append(free);
    }
    for (const one of clicked) {
      one.addEventListener('click', () => {
        if (part === null) {
          meant.click(one);
          insist();
        }
      });
    }

    return {
      ...at,
      keys,
      get grid() {
        return part?.grid;
      },
      press(event, target) {
        if (part === null) {
          meant.key(event, target);
          return false;
        }
        return part.press?.(event, target) ?? false;
      },
      paint(now) {
        const moved = now.derived === sight?.derived;
        sight = now;
        if (!wanted) {
          watch.begin(at.overlays[0].closest('.panel'));
        }
        if (when.needed?.(now) === true) {
          want();
        }
        if (wanted && !taken && !failed && performance.now() - asked > PATIENCE) {
          ask(always);
        }
        soon(now.points.n, moved);
      },
      end() {
        ended = true;
        clearTimeout(timer);
        clearTimeout(again);
        watch.end();
        stop();
        part?.end?.();
      },
    };
  };
}
