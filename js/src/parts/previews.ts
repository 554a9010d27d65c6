/** One point larger: beside it while the pointer rests on it or by key, and in its column; sounds, rows, members. */

import { onceAFrame } from '../dom';
import { isChord } from '../keys';
import { idOf } from '../points';
import { guarded } from './guarded';
import type { Hub, Part, PartMessage, Sight } from './part';
import { Looks } from './previews/looks';
import { NOTHING, readMembers, readOffered, readShown, readWav, type Members } from './previews/read';
import { createColumn } from './previews/column';
import { createLarger } from './previews/larger';
import { createPlayer } from './previews/player';
import * as say from './previews/words';
import STYLE from '../../style/parts/previews.css';

/** The pointer rests on a preview for so long (ms) before it is enlarged. */
const REST = 300;
/** What shows a point small, in a row. */
const SEEN = ':is(.thumb, [data-testid="cell-text"])';

export function makePreviews(hub: Hub): Part {
  const { source } = hub;
  const looks = new Looks((row) => source.ask('previews', { what: 'show', row }));
  const player = createPlayer((row) => void source.ask('previews', { what: 'audio', row }));
  const larger = createLarger(player.button());
  const column = createColumn(player.button(), (row) => source.ask('previews', { what: 'members', row }));
  const redraw = onceAFrame(draw);
  let offered = NOTHING;
  let members: Members | null = null;
  let sight: Sight | null = null;
  let row = -1;
  let resting: ReturnType<typeof setTimeout> | undefined;
  let panel: HTMLElement | null = null;
  let from: Element | null = null;

  function heard({ kind, body, buffers }: PartMessage): void {
    if (kind === 'offered') {
      offered = readOffered(body);
      looks.clear();
    } else if (kind === 'show') {
      looks.keep(readShown(body, buffers));
    } else if (kind === 'audio') {
      const sound = readWav(body, buffers);
      player.take(sound.row, sound.wav);
    } else if (kind === 'members') {
      members = readMembers(body, buffers);
    }
    redraw.request();
  }

  function open(at: Element, of: number): void {
    clearTimeout(resting);
    row = of;
    from = at;
    redraw.request();
  }

  function close(): void {
    clearTimeout(resting);
    if (row >= 0) {
      row = -1;
      redraw.request(); // and not once for each step of scrolling
    }
  }

  /** The panel's elements are there at the first paint; rows come and go, so it listens for all of them. */
  function listen(): void {
    const root =
      column.element.closest<HTMLElement>('.panel') ?? larger.element.closest<HTMLElement>('.panel');
    if (panel !== null || root === null) {
      return;
    }
    panel = root;
    panel.addEventListener('pointerover', over);
    panel.addEventListener('pointerleave', close);
    panel.addEventListener('scroll', scrolled, true);
    panel.addEventListener('keydown', escape, true);
    rest(panel.querySelector(`${SEEN}:hover`)); // the pointer was there first
  }

  function over(event: PointerEvent): void {
    const target = event.target as Element;
    const at = event.buttons === 0 ? target.closest(SEEN) : null;
    clearTimeout(resting);
    if (at !== null) {
      rest(at);
    } else if (row >= 0 && !larger.element.contains(target)) {
      resting = setTimeout(close, REST / 2); // time to reach the larger picture
    }
  }

  /** The pointer is there; it is meant when it stays. */
  function rest(at: Element | null): void {
    const of = Number(at?.closest('[data-row]')?.getAttribute('data-row') ?? -1);
    if (of >= 0 && of !== row) {
      resting = setTimeout(() => open(at!, of), REST);
    }
  }

  /** A long text is read on by scrolling in it. */
  function scrolled(event: Event): void {
    if (!larger.element.contains(event.target as Node)) {
      close();
    }
  }

  function escape(event: KeyboardEvent): void {
    if (event.key === 'Escape' && row >= 0) {
      event.stopPropagation();
      event.preventDefault();
      close();
    }
  }

  function press(event: KeyboardEvent): boolean {
    const byKey = event.key === 'v' || event.key === 'Enter';
    if (!byKey || isChord(event) || sight === null || sight.focus < 0) {
      return false;
    }
    if (row === sight.focus) {
      close();
    } else if (sight.points.preview.kind === 'none') {
      return false;
    } else {
      const there = panel?.querySelector(`[data-testid="row"][data-row="${sight.focus}"]`);
      open(there?.querySelector(SEEN) ?? there ?? column.element, sight.focus);
    }
    return true;
  }

  function draw(): void {
    if (sight === null) {
      return;
    }
    const { points, focus } = sight;
    if (row >= 0 && from?.isConnected === false) {
      row = -1; // the table has other columns now, and other rows
    }
    const has = points.preview.kind !== 'none';
    const wanted = has || offered.features;
    column.update({
      offered,
      points,
      row: focus,
      look: wanted && focus >= 0 ? looks.get(focus) : null,
      members: members?.row === focus ? members : null,
    });
    larger.update(
      row < 0 || panel === null || from === null
        ? null
        : {
            name: say.pointOf(idOf(points, row)),
            id: idOf(points, row),
            row,
            look: looks.get(row),
            audio: offered.audio,
            from,
            panel,
          }
    );
  }

  const stop = source.hear('previews', (message) => guarded(source, () => heard(message)));
  return {
    detail: [column.element],
    overlays: [larger.element, player.element],
    style: STYLE,
    keys: say.KEYS,
    press,
    paint(now) {
      // with the arrow keys the larger picture walks along
      if (row >= 0 && row === sight?.focus && now.focus !== row) {
        const there = panel?.querySelector(`[data-testid="row"][data-row="${now.focus}"]`);
        row = there ? now.focus : -1;
        from = there?.querySelector(SEEN) ?? there ?? null;
      }
      sight = now;
      listen();
      draw();
    },
    end() {
      stop();
      redraw.cancel();
      clearTimeout(resting);
      player.end();
      panel?.removeEventListener('pointerover', over);
      panel?.removeEventListener('pointerleave', close);
      panel?.removeEventListener('scroll', scrolled, true);
      panel?.removeEventListener('keydown', escape, true);
    },
  };
}
