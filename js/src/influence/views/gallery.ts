/** Training points as cards, with the keys of a list. */

import { h, setAttr, setText, show } from '../../dom';
import { isChord } from '../../keys';
import { createCard, type Card, type CardContext, type CardView } from '../card';
import { showMore } from '../words';

export interface GalleryActions {
  /** The keyboard came to a card. */
  look(row: number): void;
  /** A card was clicked, or Enter pressed on it. */
  open(row: number): void;
  toggle(row: number): void;
  more(): void;
}

export interface GalleryData extends CardContext {
  cards: readonly Card[];
  /** Words in place of cards. */
  empty: string;
  /** How many more points there are than cards. */
  more: number;
}

export function createGallery(id: string, name: string, actions: GalleryActions) {
  const list = h('div', {
    class: 'cards',
    role: 'listbox',
    'aria-multiselectable': 'true',
    'aria-label': name,
    'data-testid': id,
    tabindex: -1,
  });
  const empty = h('p', { class: 'gallery-empty muted', role: 'status' });
  const more = h(
    'button',
    {
      class: 'button small gallery-more',
      'data-testid': `${id}-more`,
      onclick: () => actions.more(),
    },
    ''
  );
  const element = h('div', { class: 'gallery' }, list, empty, more);
  const pool: CardView[] = [];
  let data: GalleryData | null = null;

  const rowAt = (event: Event): number =>
    Number((event.target as Element).closest('[data-row]')?.getAttribute('data-row') ?? -1);
  list.addEventListener('click', (event) => {
    const row = rowAt(event);
    if (row < 0) {
      return;
    }
    const picks = (event.target as Element).closest('.card-pick') !== null;
    if (picks || event.ctrlKey || event.metaKey || event.shiftKey) {
      actions.toggle(row);
    } else {
      actions.open(row);
    }
  });
  list.addEventListener('focusin', (event) => {
    const row = rowAt(event);
    if (row >= 0 && row !== data?.focus) {
      actions.look(row);
    }
  });
  list.addEventListener('keydown', (event) => {
    const at = shown().findIndex((card) => card.element === (event.target as Element).closest('.point-card'));
    if (at < 0 || isChord(event)) {
      return;
    }
    const to = target(event.key, at, shown().length, across());
    if (event.key === ' ') {
      actions.toggle(rowAt(event));
    } else if (event.key === 'Enter') {
      actions.open(rowAt(event));
    } else if (to === null) {
      return;
    } else {
      shown()[to]!.element.focus();
    }
    event.preventDefault();
  });

  const shown = (): CardView[] => pool.filter((card) => !card.element.hidden);
  const across = (): number => {
    const cards = shown();
    const top = cards[0]?.element.offsetTop;
    return Math.max(1, cards.filter((card) => card.element.offsetTop === top).length);
  };

  function update(now: GalleryData): void {
    data = now;
    while (pool.length < now.cards.length) {
      const card = createCard();
      pool.push(card);
      list.append(card.element);
    }
    const reachable = now.cards.findIndex((card) => card.row === now.focus);
    pool.forEach((card, i) => {
      show(card.element, i < now.cards.length);
      if (i < now.cards.length) {
        card.paint(now.cards[i]!, now);
        setAttr(card.element, 'tabindex', i === Math.max(0, reachable) ? 0 : -1);
      }
    });
    setText(empty, now.empty);
    show(empty, now.cards.length === 0 && now.empty !== '');
    setText(more, showMore(now.more));
    show(more, now.more > 0);
    setAttr(list, 'data-cards', now.cards.length);
    setAttr(list, 'data-kind', now.points.preview.kind);
  }

  return { element, list, update };
}

/** Cards are re-used: the keyboard's focus follows the point to another card, or waits on the list. */
export function keepOnCard(root: ParentNode, active: Element | null, row: number): void {
  const held = active?.closest('.point-card');
  if (!(held instanceof HTMLElement) || (held.dataset.row === String(row) && !held.hidden)) {
    return;
  }
  const card = [...root.querySelectorAll<HTMLElement>(`.point-card[data-row="${row}"]`)].find(
    (other) => !other.hidden && other.closest('[hidden]') === null
  );
  (card ?? held.parentElement)?.focus({ preventScroll: true });
}

/** Where a key leads from a card, as the cards stand; null for other keys. */
function target(key: string, at: number, n: number, across: number): number | null {
  const steps: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -across,
    ArrowDown: across,
    Home: -n,
    End: n,
  };
  const step = steps[key];
  if (step === undefined) {
    return null;
  }
  const to = at + step;
  const jumps = key === 'Home' || key === 'End';
  return jumps ? Math.min(n - 1, Math.max(0, to)) : to < 0 || to >= n ? at : to;
}
