/** Cells of the columns that only a live panel has. */

import { h, setAttr, setText } from '../../dom';
import { decimal, named, percent, UNKNOWN } from '../../format';
import type { Column } from '../../layout';
import { suggestionOf } from '../../points';
import { createCell, type Cell } from '../../views/row';
import { withMarks } from '../edits/cell';
import { Told } from './words';

export function liveCell(column: Column): Cell {
  switch (column.kind) {
    case 'converged':
      return convergedCell();
    case 'extra':
      return extraCell(column);
    case 'label':
      return withMarks(createCell(column));
    default:
      return createCell(column);
  }
}

function convergedCell(): Cell {
  const element = h('div', { class: 'cell converged' });
  return {
    element,
    paint(row, { points }) {
      setText(element, points.converged[row] === 1 ? Told.yes : Told.no);
    },
  };
}

/** A suggestion that is not the label stands out; how sure each is stands beside it. */
function extraCell(column: Column): Cell {
  const id = column.sort!.slice(2);
  const name = h('span', { class: 'extra-name' });
  const share = h('span', { class: 'extra-share' });
  const sure = h('span', { class: 'extra-sure', 'aria-hidden': 'true' });
  const element = h(
    'div',
    { class: `cell extra${column.numeric ? ' numeric' : ''}`, 'data-testid': `cell-${id}` },
    name
  );
  return {
    element,
    paint(row, { points }) {
      const data = points.extra.get(id)?.data;
      const said =
        data?.kind === 'number'
          ? decimal(data.values[row]!, column.decimals)
          : data?.kind === 'class'
            ? nameOr(data.classes[data.codes[row]!])
            : (data?.texts[row] ?? UNKNOWN);
      setText(name, said);
      setAttr(name, 'title', column.numeric ? null : said);
      const p = data?.kind === 'class' ? (data.probability?.[row] ?? NaN) : NaN;
      if (Number.isFinite(p)) {
        if (share.parentNode === null) {
          element.append(share, sure);
          element.classList.add('with-share');
        }
        setText(share, percent(p));
        sure.style.setProperty('--share', String(p));
      } else if (share.parentNode !== null) {
        setText(share, '');
        sure.style.setProperty('--share', '0');
      }
      if (id === 'suggested') {
        const other = suggestionOf(points, row);
        const label = points.label?.kind === 'class' ? points.label.codes[row] : undefined;
        element.classList.toggle('differs', other !== null && other.code !== label);
      }
    },
  };
}

function nameOr(name?: string): string {
  return name === undefined ? UNKNOWN : named(name);
}
