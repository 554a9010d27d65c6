/** In the cell of the label: that a point is flagged, and that it has a comment. */

import { h, icon, setAttr, show } from '../../dom';
import { FLAG, NOTE } from '../../icons';
import { isFlagged, noteOf } from '../../points';
import type { Cell } from '../../views/row';
import { WORDS } from './words';

export function withMarks(cell: Cell): Cell {
  const flag = h('span', { role: 'img', 'aria-label': WORDS.yes.flag, title: WORDS.yes.flag }, icon(FLAG));
  const note = h('span', { role: 'img' }, icon(NOTE));
  cell.element.append(h('span', { class: 'point-marks', 'data-testid': 'marks' }, flag, note));
  return {
    element: cell.element,
    paint(row, context) {
      cell.paint(row, context);
      const said = noteOf(context.points, row);
      show(flag, isFlagged(context.points, row));
      show(note, said !== '');
      setAttr(note, 'aria-label', WORDS.noted(said));
      setAttr(note, 'title', said);
    },
  };
}
