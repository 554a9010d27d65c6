/**
 * A part that comes after the panel: its module is a file of its own in `dvlwidgets/static/`, which Python hands over
 * when the panel is first painted. It is imported just as a host imports the panel itself, from a text.
 */

import { h } from '../dom';
import { words } from '../read';
import type { Hub, MakePart, Part, PartMessage, Sight } from './part';

/** Points above which a chart beside the table comes after it, this long (ms). */
const LARGE = 50_000;
const STILL = 120;

type Load = (source: string) => Promise<{ default: MakePart }>;

async function fromText(source: string): Promise<{ default: MakePart }> {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  try {
    return (await import(url)) as { default: MakePart };
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** `name`: of the part; its other half answers "code" with the module. */
export function makeLater(name: string, load: Load = fromText): MakePart {
  return (hub: Hub): Part => {
    const card = h('div', { 'data-part': name });
    const overlay = h('div');
    const detail = h('div');
    const tools = h('span', { style: 'display: contents' });
    let part: Part | null = null;
    let sight: Sight | null = null;
    let asked = false;
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

    /** A stream of changes does not put it off for ever: it is drawn at that pace then. */
    function soon(n: number): void {
      if (n <= LARGE) {
        draw();
      } else {
        timer ??= setTimeout(draw, STILL);
      }
    }

    async function take(source: string): Promise<void> {
      try {
        const made = (await load(source)).default(hub);
        if (ended) {
          made.end?.();
          return;
        }
        part = made;
        card.append(...(part.overview ?? []));
        detail.append(...(part.detail ?? []));
        tools.append(...(part.tools ?? []));
        overlay.append(h('style', {}, part.style ?? ''), ...(part.overlays ?? []));
        draw();
      } catch (error) {
        card.append(
          h(
            'p',
            { class: 'muted' },
            `The ${name} could not be loaded here: ${words(String(error), 'the error')}`
          )
        );
      }
    }

    const stop = hub.source.hear(name, ({ kind, body }: PartMessage) => {
      if (kind === 'code' && typeof body.text === 'string' && !taken) {
        taken = asked = true;
        void take(body.text);
      }
    });

    return {
      overview: [card],
      tools: [tools],
      overlays: [overlay],
      detail: [detail],
      press: (event) => part?.press?.(event) ?? false,
      paint(now) {
        sight = now;
        if (!asked) {
          asked = true;
          hub.source.ask(name, { do: 'code' });
        }
        soon(now.points.n);
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
