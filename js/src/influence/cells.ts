/** Cells of test points: the prediction, marked where it is not the label; how many speak against it; flags. */

import { h, setAttr, setText } from '../dom';
import type { Column } from '../layout';
import { percent, UNKNOWN } from '../format';
import { withMarks } from '../parts/edits/cell';
import { createCell, type Cell } from '../views/row';
import { DISAGREEMENT, PREDICTED, predictedWord } from './points';
import { disagreed, predictedWrong } from './words';

export function testCell(column: Column): Cell {
  if (column.kind === 'feature') {
    return column.feature === PREDICTED ? predictionCell() : disagreementCell();
  }
  return trainCell(column);
}

/** Also of a training point. */
export function trainCell(column: Column): Cell {
  const cell = createCell(column);
  return column.kind === 'label' ? withMarks(cell) : cell;
}

/** Above this share the training points speak rather against a test point than for it. */
const MOST = 0.5;

function disagreementCell(): Cell {
  const share = h('span', { class: 'share-number' });
  const bar = h('span', { class: 'card-bar' });
  const element = h(
    'div',
    { class: 'cell feature numeric disagreement' },
    share,
    h('span', { class: 'card-track' }, bar)
  );
  return {
    element,
    paint(row, { points }) {
      const x = points.features[DISAGREEMENT]!.values[row]!;
      const known = Number.isFinite(x);
      const against = x > MOST;
      setText(share, known ? percent(x) : UNKNOWN);
      setAttr(share, 'class', `share-number${against ? ' hurts' : ''}`);
      setAttr(bar, 'class', `card-bar ${against ? 'hurts' : 'neutral'}`);
      bar.style.width = known ? `${(x * 100).toFixed(1)}%` : '0';
      setAttr(element, 'title', disagreed(x));
    },
  };
}

function predictionCell(): Cell {
  const word = h('span', { class: 'label-now' });
  return {
    element: h('div', { class: 'cell label', 'data-testid': 'cell-predicted' }, word),
    paint(row, { points }) {
      const wrong = points.converged[row] === 0;
      const shown = predictedWord(points, row);
      setText(word, shown === '' ? UNKNOWN : shown);
      setAttr(word, 'title', wrong ? predictedWrong(shown) : null);
      word.classList.toggle('wrong', wrong);
      word.classList.toggle('quiet', !wrong);
    },
  };
}
