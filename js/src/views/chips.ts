/** Filters: saved ones as chips with counts, labels and text as fields; what is active can be removed. */

import { NO_LABEL, type Counts, type Filters, type Preset } from '../filters';
import { h, icon, setAttr, setText, show } from '../dom';
import { LIVE } from '../here';
import { CLOSE } from '../icons';
import { count, named } from '../format';
import type { Labels } from '../wire';
import { rangeWords, Say } from '../words';

export interface ChipActions {
  toggle(preset: Preset): void;
  filter(part: Partial<Filters>): void;
}

/** A saved filter, its name, and what it shows. */
export type Saved = readonly [preset: Preset, name: string, tip: string];

const PRESETS: readonly Saved[] = [
  ['lowest', Say.lowest, Say.lowestTip],
  ...(LIVE ? ([['disagrees', Say.disagrees, Say.disagreesTip]] as const) : []),
  ['unconverged', Say.unconverged, Say.unconvergedTip],
  ['edited', Say.relabelled, Say.relabelledTip],
  ['dropped', Say.dropped, Say.droppedTip],
  ...(LIVE ? ([['flagged', Say.flagged, Say.flaggedTip]] as const) : []),
  ['selected', Say.selected, Say.selectedTip],
];

export function createChips(actions: ChipActions, saved = PRESETS, words = rangeWords) {
  const chips = new Map(
    saved.map(([preset, name, tip]) => [preset, chip(name, tip, preset, () => actions.toggle(preset))])
  );
  const range = chip('', Say.noRange, 'value', () => actions.filter({ value: null }));
  const label = h('select', {
    class: 'field',
    'aria-label': Say.oneLabel,
    title: Say.oneLabelTip,
    'data-testid': 'filter-label',
    onchange: () => actions.filter({ label: label.value === '' ? null : Number(label.value) }),
  });
  const text = h('input', {
    class: 'field',
    type: 'search',
    'aria-label': Say.findTip,
    'data-testid': 'filter-text',
    oninput: () => actions.filter({ text: text.value }),
  });
  const element = h(
    'div',
    { class: 'chips', role: 'group', 'aria-label': Say.filters },
    range.button,
    ...[...chips.values()].map((c) => c.button),
    h('span', { class: 'fields' }, label, text)
  );
  let classes: readonly string[] | null = null;

  function update(filters: Filters, counts: Counts, labels: Labels | null): void {
    for (const [preset, { button, number }] of chips) {
      const active = filters.presets.has(preset);
      setAttr(button, 'aria-pressed', String(active));
      setText(number, preset === 'lowest' ? '' : count(counts[preset]));
      // what all points have tells none apart, as 'not converged' under a rule that says nothing of a point
      show(button, active || counts[preset] % counts.all > 0);
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
    const next = labels?.kind === 'class' ? labels.classes : [];
    show(label, next.length > 0);
    setAttr(text, 'placeholder', next.length > 0 ? Say.find : Say.id);
    if (next !== classes) {
      classes = next;
      label.replaceChildren(
        h('option', { value: '' }, NO_LABEL),
        ...next.map((name, code) => h('option', { value: code }, named(name)))
      );
    }
  }

  return { element, update };
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
