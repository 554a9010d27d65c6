/** Keeps one view's selection and filters and Python's the same; who changed them last wins. */

import { array, record } from '../../read';
import type { UiState } from '../../state';
import { fromJson, toJson } from '../filters/model';
import type { Hub, PartMessage, Sight } from '../part';
import { rangesOf } from './rows';

/** Milliseconds after the last change. */
const REST = 100;

export function createSync(hub: Hub, name: string) {
  let seen: UiState | null = null;
  let sight: Sight | null = null;
  let told = '';
  let mine = '';
  let timer: ReturnType<typeof setTimeout> | undefined;
  const dirty = { selection: false, filters: false };
  const waiting = new Map<string, PartMessage>();

  function send(): void {
    timer = undefined;
    if (sight === null) {
      return;
    }
    const { state, points } = sight;
    if (dirty.selection) {
      mine = hub.source.ask(name, { do: 'selection', ranges: rangesOf(state.selected) });
    }
    const filters = toJson(state.filters, points);
    if (dirty.filters && JSON.stringify(filters) !== told) {
      told = JSON.stringify(filters);
      hub.source.ask(name, { do: 'filters', filters });
    }
    dirty.selection = dirty.filters = false;
  }

  /** What came from Python becomes this view's, unless this view said something since. */
  function take({ points }: Sight): void {
    const { selection, filters } = Object.fromEntries(waiting) as Record<string, PartMessage | undefined>;
    waiting.clear();
    if (selection !== undefined && selection.request !== mine && !dirty.selection) {
      const rows = array(selection.body.rows, 'u4', selection.buffers, null, 'The selection');
      const selected = new Set([...rows].filter((row) => row < points.n));
      hub.set((s) => {
        const next = same(s.selected, selected) ? s : { ...s, selected };
        seen = { ...(seen ?? next), selected: next.selected };
        return next;
      });
    }
    if (filters !== undefined && !dirty.filters) {
      const json = record(filters.body.filters, 'The filters');
      const next = fromJson(json, points);
      const text = JSON.stringify(toJson(next, points));
      if (text !== told) {
        told = text;
        want(next.more?.ranges ?? {});
        hub.set((s) => {
          seen = { ...(seen ?? s), filters: next };
          return { ...s, filters: next };
        });
      }
    }
  }

  /** A filter on a feature that was not sent with the points needs it. */
  function want(ranges: Readonly<Record<string, unknown>>): void {
    for (const id of Object.keys(ranges)) {
      if (id.startsWith('x:feature:') && hub.source.points?.extra.has(id.slice(2)) !== true) {
        hub.source.ask('columns', { what: 'feature', name: id.slice('x:feature:'.length) });
      }
    }
  }

  return {
    hear(message: PartMessage): void {
      if (message.kind === 'selection' || message.kind === 'filters') {
        waiting.set(message.kind, message);
        hub.source.tell('status'); // it is taken with the next frame
      }
    },
    paint(now: Sight): void {
      sight = now;
      const { state } = now;
      if (seen !== null) {
        dirty.selection ||= state.selected !== seen.selected;
        dirty.filters ||= state.filters !== seen.filters;
      }
      seen = state;
      if (dirty.selection || dirty.filters) {
        clearTimeout(timer);
        timer = setTimeout(send, REST);
      }
      if (waiting.size > 0) {
        take(now);
      }
    },
    end(): void {
      if (timer !== undefined) {
        clearTimeout(timer);
        send();
      }
    },
  };
}

function same(a: ReadonlySet<number>, b: ReadonlySet<number>): boolean {
  return a.size === b.size && [...a].every((row) => b.has(row));
}
