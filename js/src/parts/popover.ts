/** A sheet below the button that opens it. A click elsewhere or Escape closes it, and the focus goes back. */

import { setAttr, show } from '../dom';
import { placeBelow } from './place';

interface Popover {
  readonly isOpen: () => boolean;
  readonly close: () => void;
  /** The panel is gone: nothing is listened to any more. */
  readonly end: () => void;
}

/** `opened` is called before the sheet is placed and `first`, or the first thing in it, has the focus. */
export function createPopover(
  button: HTMLElement,
  sheet: HTMLElement,
  opened: () => void,
  first?: HTMLElement
): Popover {
  let open = false;
  const outside = (event: Event): void => {
    const path = event.composedPath();
    if (!path.includes(sheet) && !path.includes(button)) {
      toggle(false);
    }
  };

  function toggle(now: boolean): void {
    open = now;
    setAttr(button, 'aria-expanded', String(open));
    show(sheet, open);
    document.removeEventListener('pointerdown', outside, true);
    if (open) {
      document.addEventListener('pointerdown', outside, true);
      opened();
      placeBelow(sheet, button);
      // eslint-disable-next-line no-restricted-syntax -- a selector
      (first ?? sheet.querySelector<HTMLElement>('button, input'))?.focus();
    }
  }

  function close(): void {
    toggle(false);
    button.focus({ preventScroll: true });
  }

  setAttr(button, 'aria-haspopup', 'dialog');
  setAttr(button, 'aria-expanded', 'false');
  setAttr(sheet, 'role', 'dialog');
  show(sheet, false);
  button.addEventListener('click', () => (open ? close() : toggle(true)));
  sheet.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation(); // the panel would take it for the selection
      close();
    }
  });
  return {
    isOpen: () => open,
    close,
    end: () => document.removeEventListener('pointerdown', outside, true),
  };
}
