/** Below the list of test points: the label of the chosen one, its marks, and what their own log holds. */

import { h, setAttr, setText, show } from '../../dom';
import { idOf, type Points } from '../../points';
import { OF_TESTS, testPoint } from '../words';

export function createTestEdits(relabel: HTMLElement, marks: readonly HTMLElement[], takeBack: HTMLElement) {
  const name = h('span');
  const here = h('span', { class: 'keys-here', 'data-testid': 'keys-here' }, OF_TESTS.here);
  const said = h('p', { class: 'muted', 'data-testid': 'edits-summary' });
  const element = h(
    'section',
    { class: 'test-edits', 'aria-label': OF_TESTS.title },
    h('h3', {}, name, here),
    relabel,
    ...marks,
    h('div', { class: 'test-log' }, said, takeBack)
  );

  function update(points: Points, row: number, active: boolean): void {
    const { edits } = points;
    show(element, row >= 0);
    setText(name, row < 0 ? '' : testPoint(idOf(points, row)));
    show(here, active);
    element.classList.toggle('active', active);
    setText(said, edits.count === 0 ? OF_TESTS.none : OF_TESTS.edited(edits));
    setAttr(said, 'title', edits.path === '' ? null : OF_TESTS.kept(edits.path));
  }

  return { element, update };
}
