/** The top line: what runs, how far it is, how far it can be trusted, and the buttons that steer it. */

import { h, setAttr, setText } from '../dom';
import { count, duration, many, within } from '../format';
import { LIVE } from '../here';
import { isOver, sizeOf, type Points } from '../points';
import type { Source } from '../source';
import type { Drawer } from '../state';
import type { Status } from '../wire';
import { ASKED, rankingWords, Say, STATES, wasWords } from '../words';

export interface ToolbarActions {
  drawer(which: Drawer): void;
}

/** `controls`: the buttons of a live run, an empty element on a saved page. */
export function createToolbar(actions: ToolbarActions, controls: HTMLElement) {
  const title = h('span', { class: 'title' });
  const method = h('span', { class: 'muted method' });
  const state = h('span', { class: 'state', 'data-testid': 'state', role: 'status' });
  const progress = h('span', { class: 'progress-text', 'data-testid': 'progress-text' });
  const bar = h('div', { class: 'progress-bar' });
  const line = h(
    'div',
    {
      class: 'progress',
      role: 'progressbar',
      'aria-label': Say.progress,
      'aria-valuemin': 0,
      'aria-valuemax': 100,
    },
    bar
  );
  const drawer = (which: 'overview' | 'point', name: string) =>
    h(
      'button',
      {
        class: `button open-${which}`,
        'aria-expanded': 'false',
        'data-testid': `open-${which}`,
        onclick: () => actions.drawer(which),
      },
      name
    );
  const overview = drawer('overview', Say.overview);
  const point = drawer('point', Say.point);
  const element = h(
    'div',
    { class: 'toolbar' },
    h('span', { class: 'toolbar-name' }, title, method),
    h('span', { class: 'toolbar-run' }, state, progress),
    h('div', { class: 'toolbar-buttons' }, overview, point, controls)
  );

  /** `narrow`: there is room for a short line only. */
  function update(source: Source, points: Points, open: Drawer, narrow = false): void {
    const { status } = points;
    const n = sizeOf(points);
    const size = many(n, 'point');
    setText(title, points.title || Say.valuation);
    setText(method, points.method + (points.title === size ? '' : ` · ${size}`)); // a title may say it already
    const asked = LIVE ? (source.asked ?? status.pending) : null;
    setAttr(state, 'data-state', status.state);
    // what was going on when Python was last heard need not go on any more
    const was = LIVE && source.link === 'silent' && !isOver(status);
    setText(
      state,
      was ? wasWords(status.state) : LIVE && asked !== null ? ASKED[asked] : STATES[status.state]
    );
    if (LIVE) {
      setAttr(element, 'data-was', was);
      setAttr(state, 'data-asked', asked);
    }
    setText(progress, progressText(was ? { ...status, left: null } : status, n > 0, narrow));
    setAttr(progress, 'title', [status.announcement, status.reason].filter(Boolean).join('\n') || null);
    const share = shareDone(status);
    bar.style.transform = `scaleX(${share})`;
    setAttr(line, 'aria-valuenow', Math.round(share * 100));
    setAttr(line, 'data-state', status.state);
    setAttr(overview, 'aria-expanded', String(open === 'overview'));
    setAttr(point, 'aria-expanded', String(open === 'point'));
  }

  return { element, line, method, overview, update };
}

/** The share of the work that is done: the rule's own estimate, or done of total where that is further. */
export function shareDone(status: Status): number {
  if (status.state === 'finished') {
    return 1;
  }
  const { done, total, seconds, left } = status;
  const timed = left !== null && seconds + left > 0 ? seconds / (seconds + left) : 0;
  const counted = total !== null && total > 0 ? done / total : timed;
  return within(0, Math.max(status.completion || 0, counted), 1);
}

/** "7,440 of ~12,000 evaluations · 21 s left · ranking 91 % certain"; `short`: "7,440 of ~12,000 · 21 s left · 91 % certain" */
export function progressText(status: Status, any: boolean, short = false): string {
  if (!any) {
    return Say.noPoints;
  }
  const { unit, done, total, state, certainty, left, seconds } = status;
  if (state === 'pending') {
    return status.announcement;
  }
  const bound = unit === 'evaluations' ? '~' : '';
  const over = isOver(status);
  if (over && done === 0) {
    return certainty === null ? '' : rankingWords(certainty);
  }
  const of = total === null || (over && bound !== '') ? '' : ` of ${bound}${count(total)}`;
  const brief = short && !over;
  const time = over && !short ? Say.inTime + duration(seconds) : '';
  const parts = [`${count(done)}${of}${brief ? '' : ` ${unit}`}${time}`];
  if (!over && left !== null) {
    parts.push(`${duration(left)} ${Say.left}`);
  }
  if (certainty !== null) {
    parts.push(rankingWords(certainty, brief));
  }
  return parts.join(' · ');
}
