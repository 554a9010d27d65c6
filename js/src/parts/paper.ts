/** The table on paper: as small as can be read for the sake of its columns, and a line that says what did not fit. */

import { h, setText } from '../dom';
import { fullName } from './columns/arrange';
import { fitTo } from './paper/fit';
import { WORDS } from './paper/words';
import type { Part, Sight } from './part';

/** Of the rows that stand on the screen no more are printed; see style/live.css. */
const ROWS = 40;

export function makePaper(): Part {
  const element = h('p', { class: 'on-paper', 'data-testid': 'on-paper' });
  let sight: Sight | null = null;

  function fit(): void {
    const table = element.closest('.work')?.querySelector<HTMLElement>('.table:not([hidden] *)');
    if (sight === null || table == null) {
      return;
    }
    const { points, columns, derived } = sight;
    const { zoom, lost } = fitTo(columns);
    table.style.setProperty('--on-paper', zoom.toFixed(3));
    const index = (row: Element): number => Number(row.getAttribute('aria-rowindex')) - 1;
    const rows = [...table.querySelectorAll('.row:not([hidden])')].map(index).sort((a, b) => a - b);
    const n = derived.order.length;
    const part = rows.length > 0 && (rows.length > ROWS || rows.length < n);
    setText(
      element,
      (part ? WORDS.rows(rows[0]!, rows[Math.min(rows.length, ROWS) - 1]!, n) : '') +
        (lost.length > 0 ? WORDS.columns(lost.map((one) => fullName(points, one))) : '')
    );
  }

  addEventListener('beforeprint', fit);
  return {
    bar: [element],
    paint(now) {
      sight = now;
    },
    end: () => removeEventListener('beforeprint', fit),
  };
}
