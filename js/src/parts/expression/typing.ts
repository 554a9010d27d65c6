/** What the language does with the field: completes names, says at the place what is wrong, filters what is right. */

import { h, setAttr } from '../../dom';
import STYLE from '../../../style/parts/expression.css';
import { createBelow } from './below';
import { compile } from './compile';
import { complete, type Completions } from './complete';
import type { Field, LiveField } from './language';
import { createOffered } from './offered';
import { scopeOf, type Scope } from './scope';
import { ExpressionError } from './tokens';

/** After the last key (ms) what is written filters; Enter does so at once. */
const REST = 250;
const NONE: Completions = { from: 0, to: 0, options: [] };

/** What was written before the language came is applied as it would have been then. */
export function takeField({ hub, offers, element: field, pop, sight, filter, ...before }: Field): LiveField {
  pop.append(h('style', {}, STYLE));
  const below = createBelow(field, pop, take);
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
        below.mark(said, error);
      }
    }
    setAttr(field, 'aria-invalid', said === '' || waiting ? null : 'true');
    place();
  }

  function place(): void {
    below.place(offered, chosen, said);
  }

  if (field.value.trim() === applied) {
    waiting = applied !== '';
  } else if (before.entered || !below.focused()) {
    apply();
  } else {
    timer = setTimeout(() => apply(false), REST);
  }
  if (below.focused() && !before.entered && said === '') {
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
