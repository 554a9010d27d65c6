/** The headers by keyboard. */

import { LIVE } from '../../here';
import type { Column } from '../../layout';

/** A header, and its chart where it has one. */
export interface Walked {
  readonly column: Column;
  readonly cell: HTMLElement;
  readonly chart: { readonly chart: SVGSVGElement } | null;
}

/** Arrow keys go from header to header, and down into a chart; Escape and the arrow up come back. */
export function walk(event: KeyboardEvent, heads: readonly Walked[], down: (column: Column) => void): void {
  const target = event.target as Element;
  const at = heads.findIndex((head) => head.cell.contains(target));
  const chart = LIVE ? heads[at]?.chart?.chart : undefined;
  const inChart = LIVE && chart?.contains(target) === true;
  if (LIVE && event.key === 'ArrowDown' && !inChart && chart !== undefined) {
    chart.focus();
  } else if (LIVE && (event.key === 'ArrowUp' || event.key === 'Escape') && inChart) {
    heads[at]!.cell.querySelector<HTMLElement>('.sort')?.focus();
  } else if (!(LIVE && inChart) && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) {
    const step = event.key === 'ArrowLeft' ? -1 : 1;
    let next = at + step;
    while (next >= 0 && next < heads.length && heads[next]!.cell.querySelector('.sort') === null) {
      next += step;
    }
    const button = heads[next]?.cell.querySelector<HTMLElement>('.sort');
    button?.focus();
    button?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  } else if ((LIVE && inChart) || event.key !== 'ArrowUp') {
    if (event.key === 'ArrowDown' && at >= 0) {
      down(heads[at]!.column); // and on to a row, as from anywhere in the table
    }
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}
