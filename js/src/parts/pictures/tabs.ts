/** Which of the three pictures is shown: by click, and by the arrow keys. */

import { h, setAttr } from '../../dom';
import { WORDS } from './words';

export const TABS = ['curve', 'map', 'classes'] as const;
export type Tab = (typeof TABS)[number];

export function createTabs(open: (tab: Tab) => void) {
  let at = 0;
  const buttons = TABS.map((one) =>
    h(
      'button',
      {
        class: 'chip',
        role: 'tab',
        title: WORDS.tips[one],
        'data-testid': `picture-${one}`,
        onclick: () => open(one),
      },
      WORDS.tabs[one]
    )
  );
  const element = h(
    'div',
    { class: 'picture-tabs', role: 'tablist', 'aria-label': WORDS.title, 'data-no-export': true },
    ...buttons
  );
  element.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      open(TABS[(at + step + TABS.length) % TABS.length]!);
      buttons[at]!.focus();
    }
  });
  return {
    element,
    update(tab: Tab): void {
      at = TABS.indexOf(tab);
      buttons.forEach((button, i) => {
        setAttr(button, 'aria-selected', String(i === at));
        setAttr(button, 'tabindex', i === at ? 0 : -1);
      });
    },
  };
}
