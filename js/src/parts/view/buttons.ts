/** The buttons that open the menus: they stand from the first paint, the menus come to them later. */

import { h, icon } from '../../dom';
import { COLUMNS } from '../../icons';
import type { Hub } from '../part';
import { Opens } from './words';

export interface Buttons {
  readonly rule: HTMLElement;
  readonly export: HTMLElement;
  readonly columns: HTMLElement;
}

/** What the menus are given when they are made. */
export interface MenuHub extends Hub {
  readonly buttons: Buttons;
}

function opener(
  testid: string,
  title: string,
  props: Record<string, string>,
  sign: string | Node
): HTMLElement {
  const more = { 'data-testid': testid, title, 'aria-haspopup': 'dialog', 'aria-expanded': 'false' };
  return h('button', { class: 'button', ...more, ...props }, sign);
}

export function createButtons(): Buttons {
  const columns = { class: 'chip tool columns-button', 'aria-label': Opens.columns };
  return {
    rule: opener('rule', '', { hidden: '' }, Opens.rule),
    export: opener('export', Opens.exportTip, {}, Opens.export),
    columns: opener('columns-open', Opens.columnsTip, columns, icon(COLUMNS)),
  };
}
