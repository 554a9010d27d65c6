/** What stands below the field: names to choose from, or the sentence that says what is wrong, and where. */

import { h, setAttr, show } from '../../dom';
import type { Completions } from './complete';
import type { ExpressionError } from './tokens';
import { Say } from './words';

/** So many characters before and after what is wrong are shown with it. */
const AROUND = 40;

/** `pop`: what they stand in; `take`: somebody chooses one of the names. */
export function createBelow(field: HTMLInputElement, pop: HTMLElement, take: (at: number) => void) {
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
  pop.append(wrong, options);

  function focused(): boolean {
    return (field.getRootNode() as Partial<ShadowRoot>).activeElement === field;
  }

  /** The sentence, and the expression with the place underlined. */
  function mark(said: string, { from, to }: ExpressionError): void {
    const text = field.value;
    const at = text.slice(from, to) || ' ';
    wrong.replaceChildren(
      h('div', {}, said),
      h(
        'code',
        {},
        text.slice(Math.max(0, from - AROUND), from),
        h('mark', {}, at),
        text.slice(to, to + AROUND)
      )
    );
  }

  /** Shown while the field has the focus; `chosen`: the name that the keys came to, `said`: what is wrong or "". */
  function place({ options: names }: Completions, chosen: number, said: string): void {
    const open = focused() && (names.length > 0 || said !== '');
    show(pop, open);
    show(wrong, said !== '');
    setAttr(field, 'aria-expanded', String(open && names.length > 0));
    setAttr(field, 'aria-activedescendant', open && chosen >= 0 ? `dvl-expression-${chosen}` : null);
    show(options, names.length > 0 && said === '');
    if (!open) {
      if (said === '') {
        wrong.replaceChildren();
      }
      return;
    }
    options.replaceChildren(
      ...names.map(({ insert, hint }, i) => {
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

  return { focused, mark, place };
}
