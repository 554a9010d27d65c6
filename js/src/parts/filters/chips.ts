/** Every filter that has no button of its own as a chip that removes it. */

import type { ColumnId } from '../../columns';
import type { Filters } from '../../filters';
import { h, icon, setAttr, setText } from '../../dom';
import { CLOSE } from '../../icons';
import { plain, named } from '../../format';
import type { Points } from '../../points';
import type { Sight } from '../part';
import { classesOf, isFiltered, NO_MORE, withClasses, withExpression, withRange } from './model';
import { idle } from './more';
import { Say } from '../../words';
import { WORDS } from './words';

export interface Chip {
  readonly id: string;
  readonly words: string;
  /** Why it filters nothing; empty where it does. */
  readonly trouble: string;
  readonly without: Partial<Filters>;
}

/** The filters by column and the expression; quick filters, values and the search have places of their own. Pure. */
export function chipsOf({ points, state, derived }: Sight): Chip[] {
  const { filters } = state;
  const more = filters.more ?? NO_MORE;
  const name = (id: string): string => columnName(points, id as ColumnId);
  const ranges = Object.entries(more.ranges).map(([id, [lo, hi]]) => ({
    id: `range-${id}`,
    words: rangeWords(name(id), lo, hi),
    trouble: '',
    without: withRange(filters, id, null),
  }));
  const chosen = [...new Set([...(filters.label === null ? [] : ['label']), ...Object.keys(more.classes)])];
  const classes = chosen.map((id) => ({
    id: `classes-${id}`,
    words: WORDS.classes(name(id), few(classesOf(filters, id, points).map(named))),
    trouble: '',
    without: withClasses(filters, id, [], points),
  }));
  const expression = {
    id: 'expression',
    words: more.expression,
    trouble: idle(more.expression, points, derived.ranks),
    without: withExpression(filters, ''),
  };
  return [...ranges, ...classes, ...(more.expression === '' ? [] : [expression])];
}

function rangeWords(name: string, lo: number, hi: number): string {
  return lo === -Infinity
    ? WORDS.atMost(name, plain(hi, 3))
    : hi === Infinity
      ? WORDS.atLeast(name, plain(lo, 3))
      : WORDS.range(name, plain(lo, 3), plain(hi, 3));
}

function few(names: readonly string[]): string {
  return names.length > 4 ? WORDS.others(names.slice(0, 3).join(', '), names.length - 3) : names.join(', ');
}

function columnName(points: Points, id: ColumnId): string {
  const own: Record<string, string> = { stderr: Say.stderr, count: Say.updates };
  return (
    own[id] ??
    (id.startsWith('x:') ? points.extra.get(id.slice(2))?.name : undefined) ??
    (/^f\d+$/.test(id) ? points.features[Number(id.slice(1))]?.name : undefined) ??
    id
  );
}

export function createChips(filter: (part: Partial<Filters>) => void, clear: () => void) {
  const element = h('span', { class: 'more-chips' });
  const all = h(
    'button',
    { class: 'chip', title: WORDS.clearTip, 'data-testid': 'clear-filters', onclick: clear },
    WORDS.clear
  );
  const held = new Map<string, { button: HTMLElement; words: HTMLElement; chip: Chip }>();

  function chipFor(chip: Chip) {
    const words = h('span', { class: 'chip-words' });
    const button = h(
      'button',
      {
        class: 'chip',
        'aria-pressed': 'true',
        'data-testid': 'chip',
        'data-chip': chip.id,
        onclick: () => filter(held.get(chip.id)!.chip.without),
      },
      words,
      icon(CLOSE)
    );
    return { button, words, chip };
  }

  function update(sight: Sight, chips: readonly Chip[]): void {
    const ids = new Set(chips.map(({ id }) => id));
    for (const [id, { button }] of held) {
      if (!ids.has(id)) {
        button.remove();
        held.delete(id);
      }
    }
    for (const chip of chips) {
      const shown = held.get(chip.id) ?? chipFor(chip);
      if (shown.button.parentNode === null) {
        element.append(shown.button);
      }
      held.set(chip.id, { ...shown, chip });
      setText(shown.words, chip.words);
      setAttr(shown.button, 'title', chip.trouble === '' ? WORDS.remove(chip.words) : chip.trouble);
      setAttr(shown.button, 'data-trouble', chip.trouble !== '');
    }
    if (isFiltered(sight.state.filters)) {
      element.append(all);
    } else {
      all.remove();
    }
  }

  return { element, update };
}
