/** One field over the panel: a comment, the name of a label, a number. Enter saves, Escape cancels. */

import { h, setAttr, setText, show } from '../../dom';
import { typed, named } from '../../format';
import type { LabelChoice } from '../../wire';
import { matches } from './match';
import { Say, WORDS } from './words';

export interface Question {
  readonly title: string;
  readonly kind: 'note' | 'label' | 'number';
  /** What stands in the field. */
  readonly present: string;
  /** Names of the classes, for a label. */
  readonly classes: readonly string[];
}

export interface PromptActions {
  note(text: string): void;
  label(choice: LabelChoice, why: string): void;
  /** A comment as far as it is written; null once it is saved or cancelled. */
  written(text: string | null): void;
}

const HINTS = { note: Say.noteHint, label: Say.labelHint, number: Say.numberHint };
const FIELD = { class: 'field', autocomplete: 'off', maxlength: 2000 };

/** `name`: its own on a panel with several. */
export function createPrompt(actions: PromptActions, name: string) {
  const title = h('label', { for: `${name}-field` });
  const field = h('input', {
    ...FIELD,
    id: `${name}-field`,
    step: 'any', // of a number
    'aria-controls': `${name}-options`,
    'data-testid': 'prompt-field',
    oninput() {
      list();
      if (question?.kind === 'note') {
        actions.written(field.value);
      }
    },
  });
  const options = h('ul', { class: 'prompt-options', id: `${name}-options`, role: 'listbox' });
  const why = h('input', {
    ...FIELD,
    placeholder: WORDS.reason,
    'aria-label': WORDS.reason,
    'data-testid': 'prompt-why',
  });
  const hint = h('p', { class: 'muted', role: 'status' });
  const element = h(
    'form',
    {
      class: 'prompt',
      hidden: true,
      'data-testid': 'prompt',
      onsubmit: (event: Event) => {
        event.preventDefault();
        submit();
      },
      onkeydown: (event: KeyboardEvent) => press(event),
      onfocusout: (event: FocusEvent) => {
        if (event.relatedTarget instanceof Node && !element.contains(event.relatedTarget)) {
          leave();
        }
      },
    },
    title,
    field,
    options,
    why,
    h(
      'div',
      { class: 'button-row' },
      h('button', { class: 'button', type: 'submit' }, Say.save),
      h('button', { class: 'button', onclick: () => close(true) }, Say.cancel)
    ),
    hint
  );
  let question: Question | null = null;
  let choices: readonly LabelChoice[] = [];
  let at = 0;
  let from: Element | null = null;
  const focused = (): Element | null => (element.getRootNode() as ShadowRoot).activeElement;

  /** `written`: before the page was loaded; then the focus stays where it is. */
  function open(asked: Question, written?: string): void {
    const { kind } = asked;
    from ??= focused();
    question = asked;
    setText(title, asked.title);
    setText(hint, written === undefined ? HINTS[kind] : Say.draftHint);
    setAttr(field, 'type', kind === 'number' ? 'number' : 'text');
    setAttr(field, 'role', kind === 'label' ? 'combobox' : null);
    show(why, kind !== 'note');
    field.value = written ?? asked.present;
    why.value = '';
    show(element, true);
    list();
    if (written === undefined) {
      field.focus(); // wherever the page stands, the field is in sight
      field.select();
    }
  }

  /** Goes on with the comment that is open; false where none is. */
  function resume(): boolean {
    const any = question?.kind === 'note';
    if (any) {
      from = focused();
      field.focus();
    }
    return any;
  }

  /** What somebody wrote is not thrown away by going elsewhere; u takes it back. */
  function leave(): void {
    const note = field.value.trim();
    if (question?.kind === 'note' && note !== question.present.trim()) {
      actions.note(note);
    }
    if (question !== null) {
      close(false);
    }
  }

  /** `back`: puts the focus where it was. */
  function close(back: boolean): void {
    question = null;
    actions.written(null);
    show(element, false);
    if (back && from instanceof HTMLElement) {
      from.focus({ preventScroll: true });
    }
    from = null;
  }

  function list(): void {
    const typed = field.value.trim();
    const labels = question?.kind === 'label' ? question.classes : null;
    const found = matches(labels ?? [], typed);
    const isNew = labels !== null && typed !== '' && !labels.includes(typed);
    choices = [...found.map((label) => ({ label })), ...(isNew ? [{ new: typed }] : [])];
    at = 0;
    options.replaceChildren(
      ...choices.map((choice, i) =>
        h(
          'li',
          {
            role: 'option',
            id: `${options.id}-${i}`,
            'data-testid': 'prompt-option',
            onmousedown: (event: Event) => {
              event.preventDefault(); // the field keeps the focus
              at = i;
              submit();
            },
          },
          'label' in choice ? named(labels![choice.label]!) : WORDS.newClass(typed)
        )
      )
    );
    show(options, choices.length > 0);
    setAttr(field, 'aria-expanded', labels && String(choices.length > 0));
    mark();
  }

  function mark(): void {
    [...options.children].forEach((option, i) => setAttr(option, 'aria-selected', String(i === at)));
    setAttr(field, 'aria-activedescendant', choices.length > 0 ? `${options.id}-${at}` : null);
  }

  function submit(): void {
    if (question === null) {
      return;
    }
    const { kind } = question;
    const reason = why.value.trim();
    if (kind === 'note') {
      actions.note(field.value.trim());
    } else if (kind === 'number') {
      const number = typed(field.value);
      if (!Number.isFinite(number)) {
        setText(hint, Say.notNumber);
        return;
      }
      actions.label({ number }, reason);
    } else {
      const choice = choices[at];
      if (choice === undefined) {
        return;
      }
      actions.label(choice, reason);
    }
    close(true);
  }

  /** No key typed here is the panel's. */
  function press(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape') {
      event.preventDefault();
      close(true);
    } else if (step !== undefined && choices.length > 0) {
      event.preventDefault();
      at = (at + step + choices.length) % choices.length;
      mark();
    }
  }

  return { element, open, resume, leave };
}
