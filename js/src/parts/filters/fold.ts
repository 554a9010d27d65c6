/** In a narrow panel the fields of the filters are folded away behind this button, which says how many filters are on. */

import { h, icon, setAttr, setText } from '../../dom';
import { FUNNEL } from '../../icons';
import { WORDS } from './words';

export function createFold() {
  const number = h('span', { class: 'chip-count' });
  const element = h(
    'button',
    {
      class: 'chip tool fold',
      title: WORDS.foldTip,
      'aria-expanded': 'false',
      'data-testid': 'fold',
      onclick: () =>
        setAttr(element, 'aria-expanded', String(element.getAttribute('aria-expanded') === 'false')),
    },
    icon(FUNNEL),
    number
  );
  return {
    element,
    open: () => setAttr(element, 'aria-expanded', 'true'),
    /** `n`: filters that are on. */
    update(n: number): void {
      const bar = element.closest('.chips');
      if (bar !== null && bar.firstChild !== element) {
        bar.prepend(element); // before what it unfolds, for the keyboard, too
      }
      setText(number, n === 0 ? '' : String(n));
      setAttr(element, 'aria-label', WORDS.fold(n));
    },
  };
}
