/** The cell of a prediction: the class, marked where it is not the label. */

import { h, setAttr, setText } from '../dom';
import type { Column } from '../layout';
import { createCell, type Cell } from '../views/row';
import { PREDICTED, predictedWord } from './points';

export function testCell(column: Column): Cell {
  return column.kind === 'feature' && column.feature === PREDICTED ? predictionCell() : createCell(column);
}

function predictionCell(): Cell {
  const word = h('span', { class: 'label-now' });
  return {
    element: h('div', { class: 'cell label', 'data-testid': 'cell-predicted' }, word),
    paint(row, { points }) {
      const wrong = points.converged[row] === 0;
      const shown = predictedWord(points, row);
      setText(word, shown === '' ? '…' : shown);
      setAttr(word, 'title', wrong ? `predicted ${shown}, which is not the label` : null);
      word.classList.toggle('wrong', wrong);
      word.classList.toggle('quiet', !wrong);
    },
  };
}
