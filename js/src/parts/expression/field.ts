/**
 * The field of the expression while its language is not here: it keeps what is written, and hands it over with itself
 * when the language comes.
 */

import { h, setAttr } from '../../dom';
import type { Labels } from '../../wire';
import type { Hub, Sight } from '../part';
import { exampleFor } from './example';
import { spoken, type LiveField } from './language';
import { AtRest, unread } from './words';

/** `offers`: whether an expression may name features that are not here yet. */
export function createField(
  hub: Hub,
  offers: boolean,
  sight: () => Sight | null,
  filter: (expression: string) => void
) {
  const element = h('input', {
    class: 'field expression',
    type: 'text',
    role: 'combobox',
    'aria-label': AtRest.field,
    'aria-autocomplete': 'list',
    'aria-expanded': 'false',
    'aria-controls': 'dvl-expression-options',
    'aria-describedby': 'dvl-expression-error',
    autocomplete: 'off',
    spellcheck: 'false',
    'data-testid': 'expression',
    oninput: () => {
      entered = false;
      wait();
    },
    onkeydown: (event: KeyboardEvent) => {
      const { key } = event;
      if (live !== null || (key !== 'Enter' && key !== 'Escape')) {
        return; // Escape is the field's, also where it is empty: the panel would clear the selection
      }
      event.preventDefault();
      event.stopPropagation();
      if (key === 'Escape') {
        element.value = '';
      }
      entered = true;
      wait();
    },
  });
  const pop = h('div', { class: 'expression-pop', hidden: true });
  let live: LiveField | null = null;
  /** What filters. */
  let applied = '';
  let entered = false;

  function wait(): void {
    if (live !== null) {
      return;
    }
    if (entered && element.value.trim() === '') {
      filter((applied = '')); // for this nobody needs the language
    }
    const waits = element.value.trim() !== applied;
    setAttr(element, 'aria-busy', waits ? 'true' : null);
    setAttr(element, 'title', waits ? unread(spoken().failed) : AtRest.tip);
  }

  /** When more is known of the language. */
  function heard(): void {
    const { language } = spoken();
    if (live === null && language !== null) {
      setAttr(element, 'aria-busy', null);
      setAttr(element, 'title', AtRest.tip);
      live = language.take({ hub, offers, element, pop, sight, filter, applied, entered });
    }
    wait();
  }
  heard();

  return {
    element,
    pop,
    heard,
    /** `expression`: what filters now; another one than the field's came from elsewhere. */
    update(expression: string, label: Labels | null): void {
      setAttr(element, 'placeholder', exampleFor(label));
      setAttr(element, 'data-active', expression !== '');
      live?.update(expression);
      if (live === null && expression !== applied) {
        element.value = applied = expression;
        wait();
      }
    },
    /** Gives it the keyboard's focus, and offers nothing yet. */
    focus(): void {
      element.focus({ preventScroll: true });
      live?.focus();
    },
    end: () => live?.end(),
  };
}
