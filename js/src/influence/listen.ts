/** Binds the elements of an influence panel to the pointer and the keyboard. */

import { createKeys, type Desk } from '../intents';
import type { LivePart } from '../live';
import type { Chosen } from './chosen';
import type { Assembly, Parts } from './parts';
import { CARDS, edits } from './state';
import type { TestEditing } from './test_editing';

export interface Bound {
  readonly host: HTMLElement;
  readonly at: Assembly;
  readonly parts: Parts;
  readonly chosen: Chosen;
  readonly live: LivePart;
  readonly testing: TestEditing;
  /** What keys that move and select act on. */
  readonly desk: Desk;
}

export function listen(bound: Bound): void {
  const { host, at, parts, chosen, live, testing, desk } = bound;
  const pressed = createKeys(desk, {
    ...live.editing,
    press: (event) => (edits(chosen.state) === 'tests' ? testing : live).editing.press(event),
  });
  const { root, body } = at;
  for (const event of ['pointermove', 'pointerdown', 'keydown']) {
    body.addEventListener(event, () => {
      chosen.pace.tests.touch();
      chosen.pace.train.touch();
    });
  }
  for (const element of [at.detail, at.galleries, parts.train.element]) {
    element.addEventListener('pointerenter', () => chosen.pin());
    element.addEventListener('focusin', () => chosen.pin());
  }
  for (const event of ['pointerdown', 'focusin', 'keydown']) {
    root.addEventListener(event, (e) => aim(bound, e.composedPath()[0]));
  }
  root.addEventListener('keydown', (event) => ownKey(bound, event));
  root.addEventListener('keydown', (event) =>
    pressed(event, (chosen.state.view === 'tests' ? parts.tests : parts.train).grid)
  );
  for (const type of ['keydown', 'keyup', 'keypress'] as const) {
    root.addEventListener(type, (e) => live.passOn(e, host) || e.stopPropagation()); // no key typed here is the notebook's
  }
}

/** The keys edit the test point after somebody was at the list of those, the training point after its cards. */
function aim({ at, parts, chosen }: Bound, target: EventTarget | undefined): void {
  const within = (...areas: readonly HTMLElement[]): boolean =>
    target instanceof Node && areas.some((area) => area.contains(target));
  const tests = within(at.side.tests, parts.subject.element);
  if (tests || within(at.galleries, at.detail, at.work.training)) {
    const editing = tests ? 'tests' : 'train';
    if (editing !== chosen.state.editing) {
      chosen.set({ ...chosen.state, editing });
    }
  }
}

/** Keys that only this panel has; and those that would select test points do nothing. */
function ownKey({ parts, chosen }: Bound, event: KeyboardEvent): void {
  const target = event.composedPath()[0];
  const typing = target instanceof HTMLInputElement && target.type !== 'checkbox';
  if (event.defaultPrevented || typing || target instanceof HTMLSelectElement || event.altKey) {
    return;
  }
  const plain = !event.ctrlKey && !event.metaKey;
  const inTests = target instanceof Node && parts.tests.grid.contains(target);
  const { view, gallery } = chosen.state;
  if (plain && event.key === 't') {
    chosen.show(view === 'tests' ? 'training' : 'tests');
  } else if (plain && event.key === 'g' && view === 'training') {
    chosen.set({ ...chosen.pinned(), gallery: !gallery, cards: CARDS });
  } else if (plain && inTests && event.key === 'Enter') {
    chosen.chooseInList(chosen.test());
  } else if (!inTests || !(event.key === ' ' || (!plain && event.key === 'a'))) {
    return;
  }
  event.preventDefault();
}
