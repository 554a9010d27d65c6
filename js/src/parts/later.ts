/**
 * A part that comes after the panel: its module is a file of its own in `dvlwidgets/static/`, which Python hands over
 * when the panel is first painted.
 */

import { h } from '../dom';
import { words } from '../read';
import { KIT, type Kit } from './kit';
import { moduleOf } from './module';
import type { Hub, MakePart, Part, PartMessage, Sight } from './part';
import { notLoaded, Say } from '../words';

/** Points above which a chart beside the table comes after it, this long (ms). */
const LARGE = 50_000;
const STILL = 120;
/** A module that did not come for this long (ms) is asked for again. */
const PATIENCE = 20_000;
const PLACES = ['overview', 'bar', 'tools', 'detail', 'footer', 'takeBack', 'overlays'] as const;

/** A part that comes later may use what the panel has anyway. */
export type MakeLate = (hub: Hub, kit: Kit) => Part;

type Load = (source: string) => Promise<{ default: MakeLate }>;

/** `name`: of the part; its other half answers "code" with the module. */
export function makeLater(name: string, load = moduleOf as Load): MakePart {
  return (hub: Hub): Part => {
    const box = (place: string): [string, [HTMLElement]] => [
      place,
      [h('div', { style: 'display: contents' })],
    ];
    const at = Object.fromEntries(PLACES.map(box)) as Record<(typeof PLACES)[number], [HTMLElement]>;
    const keys: (readonly [string, string])[] = [];
    const trouble = h('p', { class: 'muted' });
    let part: Part | null = null;
    let sight: Sight | null = null;
    let asked = -Infinity;
    let taken = false;
    let ended = false;
    let timer: ReturnType<typeof setTimeout> | undefined;

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

    function ask(): void {
      asked = performance.now();
      hub.source.ask(name, { do: 'code' });
    }

    async function take(source: string): Promise<void> {
      taken = true;
      try {
        const made = (await load(source)).default(hub, KIT);
        if (ended) {
          made.end?.();
          return;
        }
        part = made;
        trouble.remove();
        PLACES.forEach((place) => at[place][0].append(...(made[place] ?? [])));
        at.overlays[0].append(h('style', {}, made.style ?? ''));
        keys.push(...(made.keys ?? []));
        draw();
      } catch (error) {
        const again = h('button', { class: 'link', onclick: ask }, Say.tryAgain);
        trouble.replaceChildren(notLoaded(name, words(String(error), 'the error')), again);
        at.overview[0].append(trouble);
        taken = false;
      }
    }

    const stop = hub.source.hear(name, ({ kind, body }: PartMessage) => {
      if (kind === 'code' && typeof body.text === 'string' && !taken) {
        void take(body.text);
      }
    });

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
        if (!taken && !trouble.isConnected && performance.now() - asked > PATIENCE) {
          ask();
        }
        soon(now.points.n, moved);
      },
      end() {
        ended = true;
        clearTimeout(timer);
        stop();
        part?.end?.();
      },
    };
  };
}
