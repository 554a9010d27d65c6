/** A button of the toolbar with a sheet below it. */

import { h, setAttr, show } from '../../dom';
import { placeBelow } from '../place';

export function createMenu(name: string, tip: string, testid: string, opened: () => void = () => undefined) {
  let open = false;
  const button = h(
    'button',
    {
      class: 'button',
      title: tip,
      'aria-haspopup': 'dialog',
      'aria-expanded': 'false',
      'data-testid': testid,
      onclick: () => toggle(!open),
    },
    name
  );
  const sheet = h('div', {
    class: 'sheet view-menu',
    role: 'dialog',
    'aria-label': name,
    hidden: true,
    'data-testid': `${testid}-menu`,
    onkeydown: (event: KeyboardEvent) => {
      if (event.key === 'Escape') {
        event.preventDefault();
        event.stopPropagation();
        toggle(false);
      }
    },
  });
  const outside = (event: Event): void => {
    const path = event.composedPath();
    if (!path.includes(sheet) && !path.includes(button)) {
      toggle(false, false);
    }
  };

  function toggle(now: boolean, back = true): void {
    open = now;
    setAttr(button, 'aria-expanded', String(open));
    show(sheet, open);
    document.removeEventListener('pointerdown', outside, true);
    if (open) {
      document.addEventListener('pointerdown', outside, true);
      opened();
      placeBelow(sheet, button);
      sheet.querySelector<HTMLElement>('button, input')?.focus();
    } else if (back) {
      button.focus({ preventScroll: true });
    }
  }

  return {
    button,
    sheet,
    close: () => toggle(false),
    end: () => document.removeEventListener('pointerdown', outside, true),
  };
}
