/** What somebody clicked or pressed for a part that was not there yet: it is done when the part comes. */

import { setAttr } from '../../dom';
import type { Part } from '../part';

/** A key is meant no more after this long (ms): the browser would let it copy nothing either. */
const KEY_MEANT = 3_000;

/** A click or key, and what had the focus then: unless it has it still, somebody may be writing elsewhere. */
interface Deed {
  readonly element: Element;
  readonly focus: Element | null;
  readonly time: number;
}

/** `buttons`: which may be clicked for it. */
export function createMeant(buttons: readonly HTMLElement[]) {
  let click: (Deed & { readonly element: HTMLElement }) | null = null;
  let key: (Deed & { readonly event: KeyboardEvent }) | null = null;

  return {
    byClick: (): boolean => click !== null,
    click(element: HTMLElement): void {
      click = { element, focus: focused(element), time: 0 };
      setAttr(element, 'aria-busy', 'true');
    },
    /** Unless another part takes it. */
    key(event: KeyboardEvent, element: Element): void {
      const deed = { event, element, focus: focused(element), time: performance.now() };
      queueMicrotask(() => (key = event.defaultPrevented ? key : deed));
    },
    /** The part is there. */
    do(part: Part): void {
      if (click !== null && focused(click.element) === click.focus) {
        click.element.click();
      }
      if (key !== null && focused(key.element) === key.focus && performance.now() - key.time < KEY_MEANT) {
        part.press?.(key.event, key.element);
      }
    },
    forget(): void {
      buttons.forEach((one) => setAttr(one, 'aria-busy', null));
      click = key = null;
    },
  };
}

/** What has the focus: within the panel of this element, or else on its page. */
function focused(element: Element): Element | null {
  return (element.getRootNode() as Partial<ShadowRoot>).activeElement ?? document.activeElement;
}
