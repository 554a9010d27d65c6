/** The two ways to look: from a test point, or over all training points; and what an edit has made stale. */

import { h, setAttr, setText, show } from '../../dom';
import { count } from '../../format';
import type { View } from '../state';
import { Say } from '../words';

export interface TabActions {
  view(view: View): void;
}

const NAMES: Record<View, string> = { tests: Say.tests, training: Say.training };

export function createTabs(actions: TabActions) {
  const numbers: Record<View, HTMLElement> = {
    tests: h('span', { class: 'chip-count' }),
    training: h('span', { class: 'chip-count' }),
  };
  const tab = (view: View, tip: string) =>
    h(
      'button',
      {
        class: 'tab',
        role: 'tab',
        title: tip,
        'data-testid': 'tab',
        'data-chip': view,
        onclick: () => actions.view(view),
      },
      h('span', {}, NAMES[view]),
      numbers[view]
    );
  const tabs: Record<View, HTMLElement> = {
    tests: tab('tests', Say.testsTip),
    training: tab('training', Say.trainingTip),
  };
  const stale = h('span', { class: 'stale', role: 'status', 'data-testid': 'stale' });
  const list = h(
    'div',
    { class: 'tab-list', role: 'tablist', 'aria-label': Say.view },
    tabs.tests,
    tabs.training
  );
  const element = h('div', { class: 'tabs' }, list, stale);
  list.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      const to: View = event.key === 'ArrowLeft' ? 'tests' : 'training';
      event.preventDefault();
      actions.view(to);
      tabs[to].focus();
    }
  });

  function update(
    view: View,
    tests: number,
    training: number,
    [short, long]: readonly [string, string]
  ): void {
    for (const name of ['tests', 'training'] as const) {
      setAttr(tabs[name], 'aria-selected', String(name === view));
      setAttr(tabs[name], 'tabindex', name === view ? 0 : -1);
      setText(numbers[name], count(name === 'tests' ? tests : training));
    }
    setText(stale, short);
    setAttr(stale, 'title', long);
    show(stale, short !== '');
  }

  return { element, update };
}
