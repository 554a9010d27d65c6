/**
 * Keeps one view's selection and filters and Python's the same; who changed them last wins. How the table is arranged is
 * each view's own: Python keeps the last, and a view that comes new begins with it.
 */

import type { Points } from '../../points';
import { array, type Json } from '../../read';
import type { UiState } from '../../state';
import { fromJson, toJson } from '../filters/model';
import type { Hub, PartMessage, Sight } from '../part';
import * as arrangement from './arrangement';
import { rangesOf } from './ranges';
import { NAME } from './read';

/** Milliseconds after the last change. */
const REST = 100;
const ARRANGEMENT = 'arrangement';

interface Kind {
  /** What of a view's state it is. */
  readonly keys: readonly (keyof UiState)[];
  say(sight: Sight): Json;
  read(message: PartMessage, points: Points): Partial<UiState>;
  /** Whether another object says the same. */
  same?(a: UiState, b: UiState, points: Points): boolean;
}

const KINDS: Readonly<Record<string, Kind>> = {
  selection: {
    keys: ['selected'],
    say: ({ state }) => ({ ranges: rangesOf(state.selected) }),
    read({ body, buffers }, { n }) {
      const rows = array(body.rows, 'u4', buffers, null, 'The selection');
      return { selected: new Set([...rows].filter((row) => row < n)) };
    },
  },
  filters: {
    keys: ['filters'],
    say: ({ state, points }) => ({ filters: toJson(state.filters, points) }),
    /** They are made anew where the language of an expression came: that is no news. */
    same: (a, b, points) =>
      JSON.stringify(toJson(a.filters, points)) === JSON.stringify(toJson(b.filters, points)),
    read: ({ body }, points) => ({ filters: fromJson(body.filters, points) }),
  },
  [ARRANGEMENT]: {
    keys: ['sort', 'columns', 'gallery'],
    say: ({ state }) => ({ [ARRANGEMENT]: arrangement.toJson(state) }),
    read: ({ body }) => arrangement.fromJson(body[ARRANGEMENT]),
  },
};

export function createSync(hub: Hub) {
  let sight: Sight | null = null;
  /** As this view and Python knew it last. */
  let seen: UiState | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const dirty = new Set<string>();
  const waiting = new Map<string, PartMessage>();
  /** What this view said last, by kind, until another's is taken: its echo is no news. */
  const mine = new Map<string, string>();
  /** What this view said and has not heard back, the oldest first. */
  const unheard: Record<string, string[]> = {};
  /** What is taken from Python: no arrangement once this view has one of its own. */
  const open = new Set(Object.keys(KINDS));

  function send(): void {
    timer = undefined;
    for (const kind of dirty) {
      const request = hub.source.ask(NAME, { do: kind, ...KINDS[kind]!.say(sight!) });
      mine.set(kind, request);
      if (kind === ARRANGEMENT) {
        open.delete(kind); // nothing is heard of it any more
      } else {
        (unheard[kind] ??= []).push(request);
      }
    }
    dirty.clear();
  }

  /** Whether this view has said something newer since: a slow kernel's echo takes nothing back. */
  function isOutdated({ kind, request }: PartMessage): boolean {
    const own = unheard[kind] ?? [];
    const at = own.indexOf(request ?? '');
    own.splice(0, at + 1);
    return at >= 0 && own.length > 0;
  }

  /** What came from Python becomes this view's, unless this view said something since. */
  function take(kind: string, message: PartMessage, points: Points): void {
    waiting.delete(kind);
    if (message.request === mine.get(kind) || dirty.has(kind) || !open.has(kind)) {
      return;
    }
    const part = KINDS[kind]!.read(message, points);
    mine.delete(kind);
    if (kind === ARRANGEMENT) {
      open.delete(kind);
    }
    seen = { ...seen!, ...part };
    hub.set((s) => ({ ...s, ...part }));
  }

  return {
    hear(message: PartMessage): void {
      if (open.has(message.kind) && !isOutdated(message)) {
        waiting.set(message.kind, message);
        hub.source.tell('status'); // it is taken with the next frame
      }
    },
    paint(now: Sight): void {
      sight = now;
      const { state } = now;
      const before = seen ?? state;
      for (const [kind, of] of Object.entries(KINDS)) {
        const other = of.keys.some((key) => state[key] !== before[key]);
        if (other && of.same?.(state, before, now.points) !== true) {
          dirty.add(kind);
        }
      }
      seen = state;
      if (dirty.size > 0) {
        clearTimeout(timer);
        timer = setTimeout(send, REST);
      }
      waiting.forEach((message, kind) => take(kind, message, now.points));
    },
    end(): void {
      if (timer !== undefined) {
        clearTimeout(timer);
        send();
      }
    },
  };
}
