/**
 * A part that comes after the panel: its module is a file of its own in `dvlwidgets/static/`, which Python hands over
 * when it is wanted.
 */

import { h } from '../dom';
import { words } from '../read';
import { moduleOf } from './module';
import type { Hub, MakePart, Part, PartMessage, Sight } from './part';
import { notLoaded, Say } from '../words';

/** Points above which a chart beside the table comes after it, this long (ms). */
const LARGE = 50_000;
const STILL = 120;
/** A module that did not come for this long (ms) is asked for again. */
const PATIENCE = 20_000;
const PLACES = ['overview', 'bar', 'tools', 'detail', 'footer', 'takeBack', 'overlays'] as const;

type Place = (typeof PLACES)[number];
type Load = (source: string) => Promise<unknown>;

/** When a module is wanted; without any of these with the first paint. */
export interface Wanted {
  /** So much room is kept free for it (px), so that nothing moves when it comes. */
  readonly room?: readonly [place: Place, height: number];
  /**
   * Where its room is in view once somebody turned to the panel. Also when the focus goes into the panel: it would not be
   * reached by Tab else.
   */
  readonly seen?: boolean;
  /** When somebody turns to the panel: with the pointer, or with the keys. */
  readonly turned?: boolean;
  /** When Python says something of which this is true. */
  readonly heard?: (message: PartMessage) => boolean;
  /** When this is true of what there is to see. */
  readonly needed?: (sight: Sight) => boolean;
  /**
   * When one of these is clicked, which is clicked again when the module is there and listens to it: unless the focus has
   * gone elsewhere by then, where somebody may be writing.
   */
  readonly clicked?: readonly HTMLElement[];
  /** What people would call it, where that is not its name. */
  readonly called?: string;
}

/** `name`: of the part; its other half answers "code" with the module. */
export function makeLater(name: string, when: Wanted = {}, load: Load = moduleOf): MakePart {
  return (hub: Hub): Part => {
    const box = (place: string): [string, [HTMLElement]] => [
      place,
      [h('div', { style: 'display: contents' })],
    ];
    const at = Object.fromEntries(PLACES.map(box)) as Record<Place, [HTMLElement]>;
    const keys: (readonly [string, string])[] = [];
    const trouble = h('p', { class: 'muted' });
    let part: Part | null = null;
    let sight: Sight | null = null;
    let panel: Element | null = null;
    let wanted = Object.keys(when).length === 0;
    let asked = -Infinity;
    let came: string | null = null;
    let taken = false;
    let ended = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    /** It could not be loaded: it is not asked for by itself, that would fail once a frame. */
    let failed = false;
    let press: (() => void) | null = null;
    const free = h('div');
    let seeing: IntersectionObserver | undefined;

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

    /** Once, when the panel stands. */
    function watch(): void {
      panel = at.overlays[0].closest('.panel');
      if (panel !== null && !wanted && (when.turned === true || when.seen === true)) {
        panel.addEventListener('focusin', want);
        panel.addEventListener('pointerover', when.turned === true ? want : look);
        if (panel.matches(':focus-within')) {
          want(); // the focus was there first
        }
      }
    }

    /** Somebody turned to the panel: what is in view is wanted, now or as soon as it is. */
    function look(): void {
      if (typeof IntersectionObserver === 'undefined') {
        want(); // whether it is seen cannot be known
      } else if (seeing === undefined) {
        seeing = new IntersectionObserver((all) => all.some((one) => one.isIntersecting) && want());
        seeing.observe(free);
      }
    }

    function rest(): void {
      seeing?.disconnect();
      panel?.removeEventListener('focusin', want);
      panel?.removeEventListener('pointerover', want);
      panel?.removeEventListener('pointerover', look);
    }

    function want(): void {
      if (!wanted) {
        wanted = true;
        rest();
        if (sight !== null) {
          ask();
        }
      }
    }

    /** Somebody clicked what the module will listen to. */
    function clicked(one: HTMLElement): void {
      if (part === null) {
        const at = focused(one);
        press = () => focused(one) === at && one.click();
        if (failed) {
          ask();
        }
        want();
      }
    }

    /** Also what another view of the same model asked for. */
    function ask(): void {
      asked = performance.now();
      failed = false;
      if (came === null) {
        hub.source.ask(name, { do: 'code' });
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
        trouble.remove();
        free.remove();
        PLACES.forEach((place) => at[place][0].append(...(made[place] ?? [])));
        at.overlays[0].append(h('style', {}, made.style ?? ''));
        keys.push(...(made.keys ?? []));
        draw();
        press?.();
      } catch (error) {
        const why = notLoaded(when.called ?? name, words(String(error), 'the error'));
        if (press === null) {
          trouble.replaceChildren(why, h('button', { class: 'link', onclick: ask }, Say.tryAgain));
          at.overview[0].append(trouble);
        } else {
          hub.source.complain(why); // where it is seen at once; another click tries again
        }
        failed = true;
        taken = false;
      }
      press = null;
      came = null;
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
    if (when.room !== undefined) {
      const [place, height] = when.room;
      free.style.height = `${height}px`;
      at[place][0].append(free);
    }
    for (const one of when.clicked ?? []) {
      one.addEventListener('click', () => clicked(one));
    }

    return {
      ...at,
      keys,
      get grid() {
        return part?.grid;
      },
      press: (event) => part?.press?.(event) ?? false,
      paint(now) {
        const moved = now.derived === sight?.derived;
        sight = now;
        if (panel === null) {
          watch();
        }
        if (when.needed?.(now) === true) {
          want();
        }
        if (wanted && !taken && !failed && performance.now() - asked > PATIENCE) {
          ask();
        }
        soon(now.points.n, moved);
      },
      end() {
        ended = true;
        clearTimeout(timer);
        rest();
        stop();
        part?.end?.();
      },
    };
  };
}

/** What has the focus: within the panel of this element, or else on its page. */
function focused(one: Element): Element | null {
  return (one.getRootNode() as Partial<ShadowRoot>).activeElement ?? document.activeElement;
}
