/** A button of the toolbar with a sheet below it. */

import { h } from '../../dom';
import { createPopover } from '../popover';

export function createMenu(name: string, tip: string, testid: string, opened: () => void = () => undefined) {
  const button = h('button', { class: 'button', title: tip, 'data-testid': testid }, name);
  const sheet = h('div', {
    class: 'sheet view-menu',
    'aria-label': name,
    'data-testid': `${testid}-menu`,
  });
  return { button, sheet, ...createPopover(button, sheet, opened) };
}
