/** The menu of the columns: which are shown, in which order, how wide and where, all by keyboard as well. */

import { h, setAttr, setText, show } from '../../dom';
import { count } from '../../format';
import { MENU } from './words';

export interface SheetColumn {
  readonly name: string;
  readonly words: string;
  readonly tip: string;
  readonly shown: boolean;
  readonly pinned: boolean;
}

/** How far the suggestions of labels are: none (the model cannot), waiting, large (not without being asked), ... */
export interface Suggesting {
  readonly state: string;
  readonly why: string;
}

export interface SheetActions {
  suggest(): void;
  show(name: string, shown: boolean): void;
  pin(name: string, pinned: boolean): void;
  /** By so many places. */
  move(name: string, by: number): void;
  /** By so many pixels. */
  widen(name: string, by: number): void;
  reset(): void;
  copy(): void;
  close(): void;
}

const MOST = 80;
const STEP = 24;

export function createSheet(actions: SheetActions) {
  const find = h('input', {
    class: 'field',
    type: 'search',
    placeholder: MENU.find,
    'aria-label': MENU.find,
    'data-testid': 'columns-find',
    oninput: () => paint(),
  });
  const list = h('ul', { class: 'columns-list' });
  const rest = h('p', { class: 'muted' });
  const button = (words: string, onclick: () => void, id: string, tip = words): HTMLElement =>
    h('button', { class: 'button small', title: tip, 'data-testid': id, onclick }, words);
  const suggest = button(MENU.suggest, () => actions.suggest(), 'suggest', MENU.suggestTip);
  const progress = h('p', { class: 'muted', role: 'status', 'data-testid': 'suggesting' });
  const element = h(
    'div',
    {
      class: 'sheet columns-sheet',
      'aria-label': MENU.title,
      'data-testid': 'columns',
    },
    h(
      'div',
      { class: 'sheet-head' },
      h('h3', {}, MENU.title),
      button(MENU.close, () => actions.close(), 'columns-close')
    ),
    h('div', { class: 'columns-find' }, find),
    h('div', { class: 'sheet-body' }, list, rest, progress),
    h(
      'div',
      { class: 'columns-foot' },
      suggest,
      button(MENU.copy, () => actions.copy(), 'columns-copy', MENU.copyTip),
      button(MENU.reset, () => actions.reset(), 'columns-reset')
    )
  );
  let all: readonly SheetColumn[] = [];
  let painted = '';

  function paint(): void {
    const wanted = find.value.trim().toLowerCase();
    const found = all.filter(({ words }) => words.toLowerCase().includes(wanted));
    const shown = found.slice(0, MOST);
    const key = JSON.stringify(shown);
    if (key === painted) {
      return;
    }
    painted = key;
    const active = (element.getRootNode() as Partial<ShadowRoot>).activeElement;
    const at = active instanceof HTMLElement && list.contains(active) ? active.dataset.testid : undefined;
    list.replaceChildren(...shown.map(item));
    setText(rest, found.length > shown.length ? MENU.more(count(found.length - shown.length)) : '');
    if (at !== undefined) {
      [...list.querySelectorAll<HTMLElement>('[data-testid]')]
        .find((one) => one.dataset.testid === at)
        ?.focus();
    }
  }

  function item(one: SheetColumn): HTMLElement {
    const { name, words, tip, shown, pinned } = one;
    const small = (sign: string, said: string, onclick: () => void, id: string): HTMLButtonElement =>
      h(
        'button',
        {
          class: 'column-button',
          title: said,
          'aria-label': `${said}: ${words}`,
          'data-testid': `${id}-${name}`,
          onclick,
        },
        sign
      );
    const pin = small('\u25e7', pinned ? MENU.unpin : MENU.pin, () => actions.pin(name, !pinned), 'pin');
    setAttr(pin, 'aria-pressed', String(pinned));
    const buttons = [
      pin,
      small('\u2190', MENU.earlier, () => actions.move(name, -1), 'earlier'),
      small('\u2192', MENU.later, () => actions.move(name, 1), 'later'),
      small('\u2212', MENU.narrower, () => actions.widen(name, -STEP), 'narrower'),
      small('+', MENU.wider, () => actions.widen(name, STEP), 'wider'),
    ];
    const check = h('input', {
      type: 'checkbox',
      'data-testid': `show-${name}`,
      onchange: () => actions.show(name, check.checked),
    });
    check.checked = shown;
    const label = h('label', { title: tip }, check, h('span', {}, words));
    return h('li', {}, label, ...(shown ? buttons : []));
  }

  return {
    element,
    first: find,
    update(open: boolean, columns: readonly SheetColumn[], { state, why }: Suggesting): void {
      if (open) {
        all = columns;
        show(suggest, ['large', 'failed', 'done'].includes(state));
        setText(suggest, state === 'done' ? MENU.suggestAgain : MENU.suggest);
        setText(
          progress,
          state === 'running' ? MENU.suggesting : state === 'failed' ? MENU.notSuggested(why) : ''
        );
        paint();
      }
    },
  };
}
