/** Keys that relabel and drop: they act on the selection when there is one, else on the point in focus. */

import { classKeys } from '../columns';
import { h, icon, setAttr, setText, show } from '../dom';
import { UNDO } from '../icons';
import { count, named } from '../format';
import type { Points } from '../points';
import type { LabelChoice } from '../wire';
import { editWords, Say } from '../words';

export interface RelabelActions {
  relabel(choice: LabelChoice): void;
  drop(): void;
  undo(): void;
  redo(): void;
}

export interface RelabelData {
  points: Points;
  targets: readonly number[];
  bulk: boolean;
  unsaved: number;
}

export function createRelabel(actions: RelabelActions) {
  const heading = h('span');
  const keys = h('div', { class: 'relabel-keys', role: 'group', 'aria-label': Say.relabel });
  const field = h('input', { class: 'field', 'data-testid': 'relabel-field', autocomplete: 'off' });
  const apply = h('button', { type: 'submit', class: 'button', 'data-testid': 'relabel-apply' }, Say.set);
  const dropWord = h('span');
  const drop = h(
    'button',
    { class: 'button relabel-drop', 'data-testid': 'drop', onclick: () => actions.drop() },
    dropWord,
    h('kbd', {}, 'x')
  );
  const undo = h(
    'button',
    { class: 'button small bare', 'data-testid': 'point-undo', onclick: () => actions.undo() },
    icon(UNDO),
    h('span', {}, Say.undo),
    h('kbd', {}, 'u')
  );
  const saved = h('span', { class: 'muted relabel-saved', role: 'status' });
  const element = h(
    'section',
    { class: 'card relabel' },
    h('h3', {}, heading, saved, undo),
    keys,
    h('form', { class: 'relabel-form', onsubmit: (event: Event) => submit(event) }, field, apply, drop)
  );
  let classes: readonly string[] | null = null;
  let data: RelabelData | null = null;

  function submit(event: Event): void {
    event.preventDefault();
    const entered = field.value.trim();
    if (data === null || entered === '') {
      return;
    }
    if (data.points.label?.kind === 'number') {
      const number = Number(entered);
      if (Number.isFinite(number)) {
        actions.relabel({ number });
        field.value = '';
      }
      return;
    }
    const code = classes?.indexOf(entered) ?? -1;
    actions.relabel(code >= 0 ? { label: code } : { new: entered });
    field.value = '';
  }

  function update(now: RelabelData | null): void {
    data = now;
    const label = now?.points.label ?? null;
    show(element, now !== null && now.targets.length > 0);
    if (now === null || now.targets.length === 0) {
      return;
    }
    const numeric = label?.kind === 'number';
    setText(heading, editWords(label?.kind ?? null, now.bulk ? now.targets.length : 0));
    show(field, label !== null);
    show(apply, label !== null);
    show(keys, label?.kind === 'class');
    setAttr(field, 'type', numeric ? 'number' : 'text');
    setAttr(field, 'step', numeric ? 'any' : null);
    setAttr(field, 'placeholder', numeric ? Say.newTarget : Say.anotherLabel);
    setAttr(field, 'aria-label', numeric ? Say.newTargetName : Say.anotherLabelName);
    if (label?.kind === 'class') {
      remake(label.classes);
      mark(label.codes, now);
    }
    const { dropped } = now.points;
    const all = now.targets.every((row) => dropped[row] === 1);
    setText(dropWord, `${all ? Say.takeBack : Say.drop}${now.bulk ? ` ${count(now.targets.length)}` : ''}`);
    undo.disabled = !now.points.edits.undo;
    setText(saved, now.unsaved > 0 ? Say.saving : '');
  }

  function remake(next: readonly string[]): void {
    if (next === classes) {
      return;
    }
    classes = next;
    const longest = Math.max(1, ...next.map((name) => name.length));
    keys.style.setProperty(
      '--keys-across',
      longest <= 2 ? '5' : longest === 3 ? '4' : longest <= 11 ? '2' : '1'
    );
    const hints = classKeys(next);
    keys.replaceChildren(
      ...next.map((name, code) =>
        h(
          'button',
          {
            class: 'relabel-button',
            'data-testid': 'relabel-button',
            'data-code': code,
            'aria-pressed': 'false',
            onclick: () => actions.relabel({ label: code }),
          },
          h('span', { class: 'relabel-name' }, named(name)),
          hints[code] === '' ? null : h('kbd', {}, hints[code])
        )
      )
    );
  }

  function mark(codes: Uint16Array, now: RelabelData): void {
    const first = codes[now.targets[0]!];
    const common = now.targets.every((row) => codes[row] === first) ? first : -1;
    [...keys.children].forEach((button, code) => setAttr(button, 'aria-pressed', String(code === common)));
  }

  return { element, update };
}
