/** Beside the label: that a point is flagged, and that it has a comment. */

import { h, icon, setAttr, show } from '../../dom';
import { FLAG, NOTE } from '../../icons';
import { isFlagged, noteOf, type Points } from '../../points';
import type { Cell } from '../../views/row';
import { WORDS } from './words';

export function createMarks() {
  const element = h('span', { class: 'point-marks', 'data-testid': 'marks' });
  let flag: Element | undefined;
  let note: Element | undefined;
  return {
    element,
    /** Few points are marked: what marks one is made when the first is painted. */
    paint(points: Points, row: number): void {
      const said = noteOf(points, row);
      const flagged = isFlagged(points, row);
      if (flag === undefined && (flagged || said !== '')) {
        flag = h('span', { role: 'img', 'aria-label': WORDS.yes.flag, title: WORDS.yes.flag }, icon(FLAG));
        note = h('span', { role: 'img' }, icon(NOTE));
        element.append(flag, note);
      }
      if (flag !== undefined && note !== undefined) {
        show(flag, flagged);
        show(note, said !== '');
        setAttr(note, 'aria-label', WORDS.noted(said));
        setAttr(note, 'title', said);
      }
    },
  };
}

export function withMarks(cell: Cell): Cell {
  const marks = createMarks();
  return {
    element: cell.element,
    paint(row, context) {
      cell.paint(row, context);
      marks.paint(context.points, row);
      if (marks.element.parentNode === null && marks.element.firstChild !== null) {
        cell.element.append(marks.element);
      }
    },
  };
}
