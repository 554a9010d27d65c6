/**
 * A part that comes after the panel: its module is a file of its own in `dvlwidgets/static/`, which Python hands over
 * when the panel is first painted. It is imported just as a host imports the panel itself, from a text.
 */

import { h } from '../dom';
import { words } from '../read';
import type { Hub, MakePart, Part, PartMessage, Sight } from './part';

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
    let part: Part | null = null;
    let sight: Sight | null = null;
    let asked = false;
    let taken = false;
    let ended = false;

    async function take(source: string): Promise<void> {
      try {
        const made = (await load(source)).default(hub);
        if (ended) {
          made.end?.();
          return;
        }
        part = made;
        card.append(...(part.overview ?? []));
        overlay.append(h('style', {}, part.style ?? ''), ...(part.overlays ?? []));
        if (sight !== null) {
          part.paint?.(sight);
        }
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
      overlays: [overlay],
      press: (event) => part?.press?.(event) ?? false,
      paint(now) {
        sight = now;
        if (!asked) {
          asked = true;
          hub.source.ask(name, { do: 'code' });
        }
        part?.paint?.(now);
      },
      end() {
        ended = true;
        stop();
        part?.end?.();
      },
    };
  };
}
