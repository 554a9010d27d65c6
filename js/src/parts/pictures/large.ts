/** Pictures in their card, or large over the table: what turns them from one into the other, and where they are put. */

import { h, icon, setAttr, show } from '../../dom';
import { GROW } from '../../icons';
import { WORDS } from './words';

/** `paint` is called when they are looked at in the other size. */
export function createLarge(paint: () => void) {
  let large = false;
  let body: HTMLElement | null = null;
  const button = h('button', {
    class: 'button small',
    'data-testid': 'enlarge',
    onclick: () => {
      enlarge(!large);
      turned();
    },
  });
  const card = h('section', { class: 'card' });
  const over = h('div', { class: 'pictures-large', role: 'dialog', 'aria-label': WORDS.title, hidden: true });
  over.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.defaultPrevented) {
      leave(event);
    }
  });

  function enlarge(now: boolean): void {
    large = now;
    button.replaceChildren(large ? WORDS.small : icon(GROW));
    setAttr(button, 'aria-label', large ? WORDS.small : WORDS.large);
    setAttr(button, 'title', large ? WORDS.small : WORDS.largeTip);
    show(over, large);
    show(card, !large);
    (large ? over : card).append(body!);
  }

  function turned(): void {
    paint();
    button.focus({ preventScroll: true });
  }

  function leave(event: Event): void {
    event.preventDefault();
    enlarge(false);
    turned();
  }

  return {
    button,
    card,
    over,
    isLarge: () => large,
    /** What is looked at; in the card at first. */
    hold(given: HTMLElement): void {
      body = given;
      enlarge(false);
    },
    /** Escape anywhere in the panel makes them small, before it is taken for the selection behind. */
    listen: (panel: Element) =>
      panel.addEventListener(
        'keydown',
        (event) => {
          if (large && (event as KeyboardEvent).key === 'Escape' && !over.contains(event.target as Node)) {
            leave(event);
          }
        },
        true
      ),
    /** Puts them over the table, wherever that is now. */
    cover(): void {
      const panel = large ? over.closest('.panel') : null; // a look at sizes after the table was painted costs a layout
      const work = panel?.querySelector('.work')?.getBoundingClientRect();
      if (panel !== null && work !== undefined) {
        const box = panel.getBoundingClientRect();
        const border = (box.width - panel.clientWidth) / 2;
        over.style.left = `${work.left - box.left - border}px`;
        over.style.top = `${work.top - box.top - border}px`;
        over.style.width = `${work.width}px`;
        over.style.height = `${work.height}px`;
      }
    },
  };
}
