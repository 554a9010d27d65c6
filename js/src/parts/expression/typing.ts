/** What the language does with the field: completes names, says at the place what is wrong, filters what is right. */

import { h, setAttr, show } from '../../dom';
import STYLE from '../../../style/parts/expression.css';
import { compile } from './compile';
import { complete, type Completions } from './complete';
import type { Field, LiveField } from './language';
import { createOffered } from './offered';
import { scopeOf, type Scope } from './scope';
import { ExpressionError } from './tokens';
import { Say } from './words';

/** After the last key (ms) what is written filters; Enter does so at once. */
const REST = 250;
const NONE: Completions = { from: 0, to: 0, options: [] };

/** What was written before the language came is applied as it would have been then. */
export function takeField({ hub, offers, element: field, pop, sight, filter, ...before }: Field): LiveField {
  const options = h('ul', {
    class: 'expression-options',
    id: 'dvl-expression-options',
    role: 'listbox',
    'aria-label': Say.options,
    'data-testid': 'expression-options',
  });
  const wrong = h('div', {
    class: 'expression-error',
    id: 'dvl-expression-error',
    role: 'status',
    'data-testid': 'expression-error',
  });
  pop.append(h('style', {}, STYLE), wrong, options);
  const more = offers ? createOffered(hub) : null;
  let offered = NONE;
  let chosen = -1;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let said = '';
  /** What filters. */
  let { applied } = before;
  /** Whether what is written waits for a column. */
  let waiting = false;

  field.addEventListener('input', () => {
    offer();
    clearTimeout(timer);
    said = '';
    waiting = false;
    timer = setTimeout(() => apply(false), REST);
    place();
  });
  field.addEventListener('focus', () => {
    if (field.value === '') {
      offer();
    }
    place();
  });
  field.addEventListener('click', () => {
    offer();
    place();
  });
  field.addEventListener('blur', () => {
    offered = NONE;
    if (field.value.trim() !== applied) {
      apply();
    }
    place();
  });
  field.addEventListener('keydown', (event) => {
    const n = offered.options.length;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (n === 0) {
        offer();
      } else {
        chosen = (chosen + (event.key === 'ArrowDown' ? 1 : chosen < 0 ? 0 : -1) + n) % n;
      }
    } else if ((event.key === 'Enter' || event.key === 'Tab') && chosen >= 0 && n > 0) {
      take(chosen);
    } else if (event.key === 'Enter') {
      offered = NONE;
      clearTimeout(timer);
      apply();
    } else if (event.key === 'Escape' && (n > 0 || field.value !== '')) {
      if (n === 0) {
        field.value = '';
        apply();
      }
      offered = NONE;
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    place();
  });

  /** Null before there are points. */
  function scope(): Scope | null {
    const now = sight();
    const here = now && scopeOf(now.points, now.derived.ranks, now.state.selected);
    return here && (more?.among(here) ?? here);
  }

  function offer(): void {
    const names = scope();
    const caret = field.selectionStart ?? field.value.length;
    offered = names === null ? NONE : complete(field.value, caret, names);
    chosen = -1;
  }

  function take(at: number): void {
    const { from, to } = offered;
    const { insert } = offered.options[at]!;
    const space = /^\s/.test(field.value.slice(to)) ? '' : ' ';
    field.setRangeText(insert + space, from, to, 'end');
    field.dispatchEvent(new Event('input'));
  }

  /** The former filter stays while something is wrong. `over`: false while the end is still being written. */
  function apply(over = true): void {
    clearTimeout(timer);
    said = '';
    waiting = false;
    const text = field.value.trim();
    const names = scope();
    if (names === null) {
      waiting = true;
      return;
    }
    try {
      if (text !== '') {
        compile(field.value, names);
      }
      applied = text;
      filter(text);
    } catch (error) {
      if (!(error instanceof ExpressionError)) {
        throw error;
      }
      const coming = more?.want(error.column) ?? '';
      waiting = coming !== '';
      if (over || error.to < field.value.trimEnd().length) {
        said = coming || error.message;
        mark(error);
      }
    }
    setAttr(field, 'aria-invalid', said === '' || waiting ? null : 'true');
    place();
  }

  function focused(): boolean {
    return (field.getRootNode() as Partial<ShadowRoot>).activeElement === field;
  }

  /** The message, and the expression with the place underlined. */
  function mark({ from, to }: ExpressionError): void {
    const text = field.value;
    const at = text.slice(from, to) || ' ';
    wrong.replaceChildren(
      h('div', {}, said),
      h('code', {}, text.slice(Math.max(0, from - 40), from), h('mark', {}, at), text.slice(to, to + 40))
    );
  }

  function place(): void {
    const open = focused() && (offered.options.length > 0 || said !== '');
    show(pop, open);
    show(wrong, said !== '');
    setAttr(field, 'aria-expanded', String(open && offered.options.length > 0));
    setAttr(field, 'aria-activedescendant', open && chosen >= 0 ? `dvl-expression-${chosen}` : null);
    show(options, offered.options.length > 0 && said === '');
    if (!open) {
      if (said === '') {
        wrong.replaceChildren();
      }
      return;
    }
    options.replaceChildren(
      ...offered.options.map(({ insert, hint }, i) => {
        const item = h(
          'li',
          { role: 'option', id: `dvl-expression-${i}`, 'aria-selected': String(i === chosen) },
          h('code', {}, insert),
          h('span', { class: 'muted' }, hint)
        );
        item.addEventListener('pointerdown', (event) => {
          event.preventDefault(); // the field keeps the focus
          take(i);
        });
        return item;
      })
    );
    options.children[chosen]?.scrollIntoView({ block: 'nearest' });
    const panel = pop.closest('.panel')?.getBoundingClientRect();
    const box = field.getBoundingClientRect();
    if (panel !== undefined) {
      pop.style.top = `${box.bottom - panel.top + 3}px`;
      pop.style.left = `${Math.max(4, Math.min(box.left - panel.left, panel.width - 300))}px`;
      pop.style.minWidth = `${Math.min(280, box.width)}px`;
    }
  }

  if (field.value.trim() === applied) {
    waiting = applied !== '';
  } else if (before.entered || !focused()) {
    apply();
  } else {
    timer = setTimeout(() => apply(false), REST);
  }
  if (focused() && !before.entered && said === '') {
    offer();
    place();
  }

  return {
    update(expression: string): void {
      if (expression !== applied) {
        applied = expression;
        waiting = true;
        if (field.value.trim() !== expression) {
          field.value = expression;
          said = '';
          setAttr(field, 'aria-invalid', null);
          place();
        }
      }
      if (waiting) {
        apply(false);
      }
    },
    focus(): void {
      offered = NONE;
      place();
    },
    end() {
      clearTimeout(timer);
      more?.end();
    },
  };
}
