/** When a button that was pressed goes away or waits, the keys of the panel go on: its focus falls to the table. */

const HEIRS = '[role="row"][tabindex="0"], [role="grid"][tabindex="0"], [role="listbox"] [tabindex="0"]';

/** Returns how to undo it. */
export function catchFocus(root: HTMLElement): () => void {
  const lost = ({ target, relatedTarget }: FocusEvent): void => {
    if (relatedTarget === null && target instanceof HTMLElement) {
      const gone = isGone(target); // it may be back by the next frame, where the answer was quick: without the focus
      // a moment later: it may be hidden only then, and whoever hid it may have another place for the focus
      requestAnimationFrame(() => {
        const free = gone || isGone(target);
        if (free && root.isConnected && document.activeElement === document.body) {
          [...root.querySelectorAll<HTMLElement>(HEIRS)].find(isSeen)?.focus({ preventScroll: true });
        }
      });
    }
  };
  root.addEventListener('focusout', lost);
  return () => root.removeEventListener('focusout', lost);
}

const isSeen = (element: HTMLElement): boolean => element.getClientRects().length > 0;
const isGone = (element: HTMLElement): boolean => element.matches(':disabled') || !isSeen(element);
