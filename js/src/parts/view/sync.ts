/**
 * Keeps one view's selection and filters and Python's the same; who changed them last wins. How the table is arranged is
 * each view's own: Python keeps the last, and a view that comes new begins with it.
 */

import { array, record } from '../../read';
import type { UiState } from '../../state';
import { fromJson, toJson } from '../filters/model';
import type { Hub, PartMessage, Sight } from '../part';
import * as arrangement from './arrangement';
import { rangesOf } from './rows';

/** Milliseconds after the last change. */
const REST = 100;
const KINDS = ['selection', 'filters', 'arrangement'];

export function createSync(hub: Hub, name: string) {
  let seen: UiState | null = null;
  let sight: Sight | null = null;
  let told = '';
  /** The selection that was sent last, until another one is taken: its echo is no news. */
  let mine = '';
  /** What this view said and has not heard back, the oldest first. */
  const unheard: Record<string, string[]> = { selection: [], filters: [] };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const dirty = { selection: false, filters: false, arrangement: false };
  /** Whether this view has an order and columns of its own. */
  let settled = false;
  const waiting = new Map<string, PartMessage>();

  function send(): void {
    timer = undefined;
    if (sight === null) {
      return;
    }
    const { state, points } = sight;
    if (dirty.selection) {
      mine = hub.source.ask(name, { do: 'selection', ranges: rangesOf(state.selected) });
      unheard.selection!.push(mine);
    }
    const filters = toJson(state.filters, points);
    if (dirty.filters && JSON.stringify(filters) !== told) {
      told = JSON.stringify(filters);
      unheard.filters!.push(hub.source.ask(name, { do: 'filters', filters }));
    }
    if (dirty.arrangement) {
      settled = true;
      hub.source.ask(name, { do: 'arrangement', arrangement: arrangement.toJson(state) });
    }
    dirty.selection = dirty.filters = dirty.arrangement = false;
  }

  /** Whether this view has said something newer since: a slow kernel's echo takes nothing back. */
  function isOutdated({ kind, request }: PartMessage): boolean {
    const own = unheard[kind] ?? [];
    const at = own.indexOf(request ?? '');
    own.splice(0, at + 1);
    return at >= 0 && own.length > 0;
  }

  /** What came from Python becomes this view's, unless this view said something since. */
  function take({ points }: Sight): void {
    const found = Object.fromEntries(waiting) as Record<string, PartMessage | undefined>;
    const { selection, filters, arrangement: kept } = found;
    waiting.clear();
    if (selection !== undefined && selection.request !== mine && !dirty.selection) {
      const rows = array(selection.body.rows, 'u4', selection.buffers, null, 'The selection');
      const selected = new Set([...rows].filter((row) => row < points.n));
      mine = '';
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
    if (kept !== undefined && !settled && !dirty.arrangement) {
      begin(kept.body.arrangement);
    }
  }

  function begin(given: unknown): void {
    settled = true;
    const kept = arrangement.fromJson(given);
    want({ ...kept.columns?.shown, ...Object.fromEntries(kept.sort.map(({ column }) => [column, true])) });
    hub.set((s) => {
      const { sort, columns, gallery } = { ...s, ...kept };
      const own = { sort, gallery, ...(columns === undefined ? {} : { columns }) };
      seen = { ...(seen ?? s), ...own };
      return { ...s, ...own };
    });
  }

  /** What filters, sorts or is shown, and was not sent with the points, is asked for. */
  function want(columns: Readonly<Record<string, unknown>>): void {
    for (const [id, wanted] of Object.entries(columns)) {
      if (
        wanted !== false &&
        id.startsWith('x:feature:') &&
        hub.source.points?.extra.has(id.slice(2)) !== true
      ) {
        hub.source.ask('columns', { what: 'feature', name: id.slice('x:feature:'.length) });
      }
    }
  }

  return {
    hear(message: PartMessage): void {
      if (KINDS.includes(message.kind) && !isOutdated(message)) {
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
        dirty.arrangement ||=
          state.sort !== seen.sort || state.columns !== seen.columns || state.gallery !== seen.gallery;
      }
      seen = state;
      if (dirty.selection || dirty.filters || dirty.arrangement) {
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
