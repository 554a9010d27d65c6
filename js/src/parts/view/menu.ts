/** A sheet below its button in the toolbar. */

import { h } from '../../dom';
import { createPopover } from '../popover';

export function createMenu(button: HTMLElement, opened: () => void = () => undefined) {
  const sheet = h('div', {
    class: 'sheet view-menu',
    'aria-label': button.textContent,
    'data-testid': `${button.dataset.testid}-menu`,
  });
  return { sheet, ...createPopover(button, sheet, opened) };
}
