/** A button of the toolbar with a sheet below it. */

import { h, setAttr, show } from '../../dom';

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
      const panel = sheet.closest('.panel')?.getBoundingClientRect();
      const box = button.getBoundingClientRect();
      if (panel !== undefined) {
        const room = panel.width - sheet.offsetWidth - 8;
        sheet.style.right = `${Math.max(8, Math.min(panel.right - box.right, room))}px`;
        sheet.style.top = `${box.bottom - panel.top + 4}px`;
      }
      opened();
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
