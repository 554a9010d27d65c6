/** What stands below the line of exports while a file is loaded: how far it is, what it would change, what is wrong. */

import { h, setAttr, setText, show } from '../../dom';
import type { Clash, Prefer, Preview } from './read';
import { fresh, WORDS } from './words';

export interface BoxActions {
  merge(prefer: Prefer): void;
  close(): void;
  /** A content of a field in words. */
  readonly said: (field: string, item: string | boolean) => string;
}

export function createBox(actions: BoxActions) {
  let seen: Preview | null = null;
  let prefer: Prefer = 'ours';
  const group = `merge-${Math.random()}`; // a panel may have two logs

  const state = h('p', { class: 'merge-state', role: 'status', 'data-testid': 'merge-state' });
  const late = h('p', { class: 'muted', role: 'status' });
  const wrong = h('p', { class: 'merge-wrong', role: 'alert', 'data-testid': 'merge-wrong' });
  const list = h('ul', { class: 'merge-list', 'data-testid': 'merge-list' });
  const clashes = h('fieldset', { class: 'merge-clashes', 'data-testid': 'merge-clashes' });
  const merge = h('button', {
    class: 'button small merge-go',
    title: WORDS.mergeTip,
    'data-testid': 'merge-go',
    onclick: () => actions.merge(prefer),
  });
  const close = h('button', {
    class: 'button small',
    'data-testid': 'merge-close',
    onclick: () => actions.close(),
  });
  const element = h(
    'section',
    {
      class: 'merge-box',
      'aria-label': WORDS.title,
      hidden: true,
      'data-testid': 'merge-box',
      onkeydown: (event: KeyboardEvent) => {
        if (event.key === 'Escape') {
          event.preventDefault();
          actions.close();
        }
        if (!event.ctrlKey && !event.metaKey && event.key !== 'Tab') {
          event.stopPropagation(); // no key pressed here edits a point or closes the sheet
        }
      },
    },
    state,
    late,
    list,
    clashes,
    wrong,
    h('div', { class: 'button-row' }, merge, close)
  );

  const active = (): Element | null => (element.getRootNode() as Partial<ShadowRoot>).activeElement ?? null;
  const holdsFocus = (): boolean => element.contains(active());

  function draw(words: string, why: string, busy = false): void {
    const held = holdsFocus() || active() === null || active()?.matches('.merge-open') === true;
    show(element, true);
    setText(state, words);
    show(state, words !== '');
    show(late, false);
    setText(wrong, why);
    show(wrong, why !== '');
    show(list, seen !== null);
    show(clashes, seen !== null && seen.clashes > 0);
    if (seen !== null) {
      list.replaceChildren(...lines(seen).map((line) => h('li', {}, line)));
    }
    count();
    setAttr(element, 'aria-busy', busy ? 'true' : null);
    if (busy) {
      merge.disabled = true;
      setText(close, seen === null ? WORDS.cancel : WORDS.close); // a merge that was asked for is not called back
    }
    if (held) {
      (merge.hidden || merge.disabled ? close : merge).focus({ preventScroll: true });
    }
  }

  /** How many changes the button makes. */
  function count(): void {
    const n = seen === null ? 0 : fresh(seen) + (prefer === 'theirs' ? seen.clashes : 0);
    setText(merge, WORDS.merge(n));
    show(merge, seen !== null && (n > 0 || seen.clashes > 0));
    merge.disabled = n === 0;
    setText(close, merge.hidden ? WORDS.close : WORDS.cancel);
  }

  function choice(value: Prefer, words: string): HTMLElement {
    const radio = h('input', {
      type: 'radio',
      name: group,
      value,
      'data-testid': `merge-${value}`,
      onchange: () => {
        prefer = value;
        count();
      },
    });
    radio.checked = value === prefer;
    return h('label', {}, radio, ' ', words);
  }

  function clash({ id, field, mine, theirs }: Clash): HTMLElement {
    const here = actions.said(field, mine);
    return h('li', {}, WORDS.clash(id, here, actions.said(field, theirs)));
  }

  function ask(p: Preview): void {
    clashes.replaceChildren(
      h('legend', {}, WORDS.clashes(p.clashes)),
      h(
        'ul',
        {},
        ...p.shown.map(clash),
        p.clashes > p.shown.length
          ? h('li', { class: 'muted' }, WORDS.more(p.clashes - p.shown.length))
          : null
      ),
      choice('ours', WORDS.ours),
      choice('theirs', WORDS.theirs)
    );
  }

  return {
    element,
    holdsFocus,
    busy(words: string): void {
      seen = seen !== null && words === WORDS.merging ? seen : null;
      draw(words, '', true);
    },
    late(words: string): void {
      setText(late, words);
      show(late, true);
    },
    refuse(why: string): void {
      seen = null;
      draw('', why);
    },
    /** `why`: it was to be merged, which failed. */
    preview(p: Preview, why = ''): void {
      if (seen !== p) {
        seen = p;
        prefer = 'ours';
        ask(p);
      }
      draw(WORDS.summary(p), why);
    },
    hide(): void {
      seen = null;
      show(element, false);
    },
  };
}

function lines(p: Preview): string[] {
  return [
    WORDS.fresh(p),
    p.classes.length > 0 ? WORDS.classes(p) : '',
    p.here > 0 ? WORDS.here(p.here) : '',
    p.missing > 0 ? WORDS.missing(p) : '',
    p.unfit > 0 ? WORDS.unfit(p) : '',
    p.cut ? WORDS.cut : '',
  ].filter(Boolean);
}
