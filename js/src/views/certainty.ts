/** How certain the ranking is, over the work done, and what the stopping rule says of it. */

import { h, setAttr, setText, show, svg } from '../dom';
import { LIVE } from '../here';
import { count, percent, unbroken } from '../format';
import type { HistoryEntry, Status } from '../wire';
import { certaintyWords, Say, wantedWords } from '../words';

export const W = 212;
const H = 82;
/** Room above the curve for the words on the line that is wanted. */
const TOP = 16;
/** More points than pixels are thinned out; the last is always drawn. */
const MAX_POINTS = 400;

export function createCertainty() {
  const now = h('span', { class: 'muted strong' });
  const target = svg('line', { class: 'target', x1: 0, x2: W });
  const line = svg('polyline', { class: 'line' });
  const dot = svg('path', { class: 'dot' });
  const chart = svg(
    'svg',
    {
      class: 'chart',
      viewBox: `0 0 ${W} ${H}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'data-testid': 'certainty-chart',
    },
    svg('line', { class: 'base', x1: 0, x2: W, y1: H - 0.5, y2: H - 0.5 }),
    target,
    line,
    dot
  );
  const wanted = h('span', { class: 'target-label' });
  const unit = h('span');
  const reason = h('p', { class: 'reason', 'data-testid': 'reason' });
  if (LIVE) {
    reason.title = Say.reasonTip;
  }
  const announcement = h('p', { class: 'muted', 'data-testid': 'announcement' });
  const course = h(
    'div',
    {},
    h('div', { class: 'chart-box' }, chart, wanted),
    h('div', { class: 'axis' }, h('span', {}, '0'), unit)
  );
  const figure = h(
    'div',
    {},
    h('h3', { title: Say.certaintyTip }, h('span', {}, Say.certainty), now),
    course
  );
  const element = h('section', { class: 'card' }, figure, reason, announcement);

  /** `live`: false shows no chart of less than two points. */
  function update(status: Status, history: readonly HistoryEntry[], live: boolean): void {
    const known = thin(history.filter((entry) => entry[1] !== null));
    const exact = status.certainty === 1; // nothing is left to converge
    const drawn = live || known.length > 1;
    const shown =
      !exact && (status.certainty !== null || (drawn && (status.target !== null || known.length > 0)));
    show(course, drawn);
    show(figure, shown);
    show(element, shown || status.reason !== '' || status.announcement !== '');
    const end = Math.max(status.total ?? 0, status.done, 1);
    const x = (done: number): string => ((done / end) * W).toFixed(1);
    setText(now, status.certainty === null ? '' : percent(status.certainty));
    setAttr(line, 'points', known.map(([done, c]) => `${x(done)},${y(c!).toFixed(1)}`).join(' '));
    const last = known.at(-1);
    show(dot, last !== undefined);
    if (last !== undefined) {
      setAttr(dot, 'd', `M${x(last[0])} ${y(last[1]!)}h0`);
    }
    const level = y(status.target ?? 1);
    setAttr(target, 'y1', level);
    setAttr(target, 'y2', level);
    setText(wanted, status.target === null ? percent(1) : wantedWords(status.target));
    wanted.style.top = `${level - 15}px`;
    setText(unit, `${status.unit} ${count(end)}`);
    setAttr(chart, 'data-points', known.length);
    setAttr(chart, 'aria-label', certaintyWords(status, known.length));
    setText(reason, LIVE ? unbroken(status.reason) : status.reason);
    show(reason, status.reason !== '');
    setText(announcement, status.announcement);
    show(announcement, status.announcement !== '' && status.state !== 'pending');
  }

  return { element, update };
}

/** Where a correlation stands in the chart. */
export function y(share: number): number {
  return TOP + (1 - Math.min(1, Math.max(0, share))) * (H - TOP - 3);
}

function thin(entries: HistoryEntry[]): HistoryEntry[] {
  const step = Math.ceil(entries.length / MAX_POINTS);
  return step <= 1 ? entries : entries.filter((_, i) => i % step === 0 || i === entries.length - 1);
}
