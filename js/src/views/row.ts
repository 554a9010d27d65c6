/** One row of the table: cells that are made once and painted again for each point that scrolls by. */

import type { Ranks } from '../columns';
import type { Scale } from '../derive';
import { drawPixels, h, icon, setAttr, setText, show } from '../dom';
import { CLOSE } from '../icons';
import { aligned, count, decimal, plain, named, error, UNKNOWN, value, within } from '../format';
import type { Column } from '../layout';
import { idOf, isRelabelled, type Points } from '../points';
import type { Preview } from '../source';
import { imageOf, Say, selectWords } from '../words';

export interface RowContext {
  points: Points;
  ranks: Ranks;
  scale: Scale;
  preview: (row: number) => Preview | undefined;
}

export interface Row {
  readonly element: HTMLElement;
  paint(row: number, index: number, selected: boolean, focused: boolean, context: RowContext): void;
}

export interface Cell {
  readonly element: HTMLElement;
  paint(row: number, context: RowContext): void;
}

/** `make`: the cell of a column; a table with columns of its own passes its own. */
export function createRow(columns: readonly Column[], make = createCell): Row {
  const check = h('input', { type: 'checkbox', tabindex: -1, 'data-testid': 'row-select' });
  const cells = columns.map((column) =>
    column.kind === 'select'
      ? { element: h('div', { class: 'cell select' }, check), paint: () => undefined }
      : make(column)
  );
  const element = h('div', { class: 'row', role: 'row', 'data-testid': 'row' });
  cells.forEach((cell, i) => {
    setAttr(cell.element, 'role', 'gridcell');
    setAttr(cell.element, 'aria-colindex', i + 1);
    element.append(cell.element);
  });
  return {
    element,
    paint(row, index, selected, focused, context) {
      setAttr(element, 'data-row', row);
      setAttr(element, 'aria-rowindex', index + 2);
      setAttr(element, 'aria-selected', String(selected));
      setAttr(element, 'tabindex', focused ? 0 : -1);
      element.classList.toggle('focused', focused);
      element.classList.toggle('dropped', context.points.dropped[row] === 1);
      check.checked = selected;
      setAttr(check, 'aria-label', selectWords(idOf(context.points, row)));
      cells.forEach((cell) => cell.paint(row, context));
    },
  };
}

export function createCell(column: Column): Cell {
  switch (column.kind) {
    case 'image':
      return imageCell();
    case 'label':
      return labelCell();
    case 'value':
      return valueCell();
    default:
      return textCell(column);
  }
}

function textCell(column: Column): Cell {
  const element = h('div', {
    class: `cell ${column.kind}${column.numeric ? ' numeric' : ''}`,
    'data-testid': `cell-${column.kind}`,
  });
  return {
    element,
    paint(row, context) {
      setText(element, cellText(column, row, context));
      if (column.kind === 'text') {
        setAttr(element, 'title', element.textContent);
      }
    },
  };
}

function cellText(column: Column, row: number, { points, ranks, scale, preview }: RowContext): string {
  switch (column.kind) {
    case 'rank':
      return ranks.rank[row] === 0 ? UNKNOWN : count(ranks.rank[row]!);
    case 'id':
      return idOf(points, row);
    case 'stderr':
      return aligned(error(points.stderr[row]!), scale.decimals);
    case 'count':
      return count(points.count[row]!);
    case 'feature':
      return decimal(points.features[column.feature]?.values[row] ?? NaN, column.decimals);
    default: {
      const shown = preview(row);
      return typeof shown === 'string' ? shown : '…';
    }
  }
}

function imageCell(): Cell {
  const canvas = h('canvas', { class: 'thumb', role: 'img', 'data-testid': 'preview' });
  let drawn: Preview | undefined;
  return {
    element: h('div', { class: 'cell image' }, canvas),
    paint(row, { points, preview }) {
      const pixels = preview(row);
      setAttr(canvas, 'aria-label', imageOf(idOf(points, row)));
      setAttr(canvas, 'data-drawn', pixels !== undefined);
      if (pixels === drawn) {
        return;
      }
      drawn = pixels;
      if (pixels instanceof Uint8Array && points.preview.kind === 'image') {
        drawPixels(canvas, pixels, points.preview.width, points.preview.height);
      } else {
        canvas.width = 1;
      }
    },
  };
}

function labelCell(): Cell {
  const old = h('s');
  const arrow = h('span', { class: 'arrow', 'aria-hidden': 'true' }, '→');
  const now = h('span', { class: 'label-now' });
  const dropped = h(
    'span',
    { class: 'dropped-mark', role: 'img', 'aria-label': Say.dropped, title: Say.droppedMark },
    icon(CLOSE)
  );
  return {
    element: h('div', { class: 'cell label', 'data-testid': 'cell-label' }, now),
    /** What few rows show is in the page for those only: hidden elements would be styled in all of them. */
    paint(row, { points }) {
      const changed = isRelabelled(points, row);
      const { label } = points;
      const text = (which: 'now' | 'was'): string =>
        label === null
          ? ''
          : label.kind === 'class'
            ? named(label.classes[(which === 'now' ? label.codes : label.original)[row]!]!)
            : plain((which === 'now' ? label.values : label.original)[row]!);
      if (changed) {
        setText(old, text('was'));
        now.before(old, arrow);
      } else {
        old.remove();
        arrow.remove();
      }
      setText(now, text('now'));
      now.classList.toggle('edited', changed);
      const mark = points.marks?.get(row);
      const whole = (changed ? `${text('was')} → ` : '') + text('now');
      setAttr(now.parentElement!, 'data-mark', mark !== undefined);
      setAttr(now.parentElement!, 'title', mark === undefined ? whole : `${whole}\n${mark}`);
      if (points.dropped[row] === 1) {
        now.after(dropped);
      } else {
        dropped.remove();
      }
    },
  };
}

function valueCell(): Cell {
  const zero = h('div', { class: 'zero' });
  const bar = h('div');
  const whisker = h('div');
  const number = h('span', { class: 'number' });
  return {
    element: h(
      'div',
      { class: 'cell value', 'data-testid': 'cell-value' },
      h('div', { class: 'track' }, bar, zero, whisker),
      number
    ),
    paint(row, { points, scale }) {
      const x = points.value[row]!;
      const se = points.stderr[row]!;
      const { threshold } = points.status;
      const place = (v: number): number => within(0, (v - scale.lo) / (scale.hi - scale.lo || 1), 1) * 100;
      const base = place(threshold ?? 0);
      const known = Number.isFinite(x);
      setText(number, aligned(value(x, se), scale.decimals));
      zero.style.marginLeft = `${base}%`;
      span(bar, known ? Math.min(base, place(x)) : 0, known ? Math.abs(place(x) - base) : 0);
      setAttr(bar, 'class', `bar ${threshold === null ? 'neutral' : x < threshold ? 'hurts' : 'helps'}`);
      const error = known && Number.isFinite(se) && se > 0;
      const from = place(x - se);
      // an arrow instead of a cap where the scale ends before the error does
      const cut = `${x - se < scale.lo ? ' cut-left' : ''}${x + se > scale.hi ? ' cut-right' : ''}`;
      setAttr(whisker, 'class', `whisker${cut}`);
      show(whisker, error);
      span(whisker, error ? from : 0, error ? place(x + se) - from : 0);
    },
  };
}

/** Puts an element of a track where it belongs, in percent. */
function span(element: HTMLElement, left: number, width: number): void {
  element.style.marginLeft = `${left.toFixed(2)}%`;
  element.style.width = `${width.toFixed(2)}%`;
}
