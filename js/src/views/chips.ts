/** Filters: saved ones as chips with counts, labels and text as fields; what is active can be removed. */

import { NO_LABEL, type Filters, type Preset } from '../filters';
import { h, icon, setAttr, setText, show } from '../dom';
import { LIVE } from '../here';
import { CLOSE } from '../icons';
import { count, plain } from '../format';
import type { Labels } from '../wire';

export interface ChipActions {
  toggle(preset: Preset): void;
  filter(part: Partial<Filters>): void;
}

/** A saved filter, its name, and what it shows. */
export type Saved = readonly [preset: Preset, name: string, tip: string];

const PRESETS: readonly Saved[] = [
  ['lowest', 'lowest 5 %', 'The twentieth of the points with the lowest values'],
  ...(LIVE
    ? ([['disagrees', 'disagrees', 'Points for which another label is suggested than theirs']] as const)
    : []),
  ['unconverged', 'not converged', 'Points whose value the stopping rule still calls uncertain'],
  ['edited', 'relabelled', 'Points whose label was changed here'],
  ['dropped', 'dropped', 'Points left out of the next data set'],
  ...(LIVE ? ([['flagged', 'flagged', 'Points flagged for a second look']] as const) : []),
  ['selected', 'selected', 'Points ticked in the table'],
];

export function createChips(actions: ChipActions, saved = PRESETS, words = rangeWords) {
  const chips = new Map(
    saved.map(([preset, name, tip]) => [preset, chip(name, tip, preset, () => actions.toggle(preset))])
  );
  const range = chip('', 'Remove the filter on values', 'value', () => actions.filter({ value: null }));
  const label = h('select', {
    class: 'field',
    'aria-label': 'Label',
    title: 'Show one label',
    'data-testid': 'filter-label',
    onchange: () => actions.filter({ label: label.value === '' ? null : Number(label.value) }),
  });
  const text = h('input', {
    class: 'field',
    type: 'search',
    placeholder: 'id or label',
    'aria-label': 'Find by id or label',
    'data-testid': 'filter-text',
    oninput: () => actions.filter({ text: text.value }),
  });
  const element = h(
    'div',
    { class: 'chips', role: 'group', 'aria-label': 'Filters' },
    range.button,
    ...[...chips.values()].map((c) => c.button),
    h('span', { class: 'fields' }, label, text)
  );
  let classes: readonly string[] | null = null;

  function update(filters: Filters, counts: Record<Preset, number>, labels: Labels | null): void {
    for (const [preset, { button, number }] of chips) {
      const active = filters.presets.has(preset);
      setAttr(button, 'aria-pressed', String(active));
      setText(number, preset === 'lowest' ? '' : count(counts[preset]));
      show(button, active || counts[preset] > 0);
    }
    show(range.button, filters.value !== null);
    setAttr(range.button, 'aria-pressed', 'true');
    setText(range.name, filters.value === null ? '' : words(...filters.value));
    updateLabels(labels);
    label.value = filters.label === null ? '' : String(filters.label);
    if (text.value !== filters.text) {
      text.value = filters.text;
    }
  }

  function updateLabels(labels: Labels | null): void {
    show(label, labels?.kind === 'class');
    const next = labels?.kind === 'class' ? labels.classes : [];
    if (next !== classes) {
      classes = next;
      label.replaceChildren(
        h('option', { value: '' }, NO_LABEL),
        ...next.map((name, code) => h('option', { value: code }, name))
      );
    }
  }

  return { element, update };
}

function rangeWords(lo: number, hi: number): string {
  return `value ${plain(lo, 2)} to ${plain(hi, 2)}`;
}

function chip(name: string, tip: string, id: string, onclick: () => void) {
  const word = h('span', {}, name);
  const number = h('span', { class: 'chip-count' });
  const button = h(
    'button',
    {
      class: 'chip',
      title: tip,
      'aria-pressed': 'false',
      'data-testid': 'chip',
      'data-chip': id,
      onclick,
    },
    word,
    number,
    icon(CLOSE)
  );
  return { button, name: word, number };
}
