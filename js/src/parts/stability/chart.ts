/** How much the ranking still moves, as a line beside how certain it is: what Python's half of the same name tells. */

import { h, setAttr, setText, show, svg } from '../../dom';
import { count, percent } from '../../format';
import { list, record, WireError } from '../../read';
import type { Status } from '../../wire';
import { W, y } from '../../views/certainty';
import type { PartMessage, Sight } from '../part';
import { createWatch } from '../pictures/look';
import { WORDS } from './words';

/** Work done, and the rank correlation of the values then with those after half of it. */
export type Entry = readonly [done: number, half: number, stability: number];

/** Throws WireError. Pure. */
export function readCourse({ body }: Pick<PartMessage, 'body'>): Entry[] {
  return list(body, 'course').map((item) => {
    const { done, half, stability } = record(item, 'One of the stabilities');
    const numbers = [done, half, stability];
    if (!numbers.every((x) => typeof x === 'number' && Number.isFinite(x))) {
      throw new WireError('The stability of the ranking came in a form that this page does not know.');
    }
    return numbers as unknown as Entry;
  });
}

export function createStability() {
  const line = svg('polyline', { class: 'stability' });
  const key = (name: string) =>
    svg(
      'svg',
      { class: 'key', viewBox: '0 0 16 8', 'aria-hidden': 'true' },
      svg('polyline', { class: name, points: '0,4 16,4' })
    );
  const said = h('span', { 'data-testid': 'stability' });
  const legend = h(
    'div',
    { class: 'legend muted', hidden: true, title: WORDS.stabilityTip },
    h('span', {}, key('line'), WORDS.certainty),
    h('span', {}, key('stability'), said)
  );
  const isNew = createWatch();
  let chart: Element | null = null;
  let course: readonly Entry[] = [];

  function draw(status: Status): void {
    const last = course.at(-1);
    const end = Math.max(status.total ?? 0, status.done, 1); // as the certainty is drawn
    show(legend, last !== undefined);
    setAttr(
      line,
      'points',
      course
        .map(([done, , stability]) => `${((done / end) * W).toFixed(1)},${y(stability).toFixed(1)}`)
        .join(' ')
    );
    setAttr(chart ?? line, 'data-stabilities', course.length);
    setText(said, last === undefined ? '' : WORDS.stability(percent(last[2])));
    const words =
      last === undefined
        ? null
        : WORDS.stabilitySaid(percent(last[2]), count(last[0]), count(last[1]), status.unit);
    setAttr(chart ?? line, 'aria-description', words);
  }

  return {
    hear: (message: PartMessage) => void (course = readCourse(message)),
    /** `panel`: in which the chart of the certainty stands. */
    update(panel: Element, { points: { status } }: Sight): void {
      if (chart === null) {
        chart = panel.querySelector('[data-testid="certainty-chart"]');
        chart?.querySelector('.line')?.before(line);
        chart?.closest('.chart-box')?.nextElementSibling?.after(legend);
      }
      if (isNew(course, status.done, status.total, status.unit)) {
        draw(status);
      }
    },
  };
}
