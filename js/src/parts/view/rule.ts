/** The sheet that says when a run stops. */

import { h, setText } from '../../dom';
import { typed } from '../../format';
import type { RunState } from './read';
import { createMenu } from './menu';
import { WORDS } from './words';

export interface Rule {
  /** From 0 to 1; null for none. */
  readonly certainty: number | null;
  readonly minutes: number | null;
}

/** What the fields say; null where that is no rule. Pure. */
export function ruleOf(percent: string, minutes: string): Rule | null {
  const read = (given: string): number | null => (given.trim() === '' ? null : typed(given));
  const sure = read(percent);
  const time = read(minutes);
  const good = (sure === null || (sure > 0 && sure < 100)) && (time === null || (time > 0 && time < 1e6));
  return good
    ? { certainty: sure === null ? null : Number((sure / 100).toPrecision(12)), minutes: time }
    : null;
}

export function createRule(button: HTMLElement, change: (rule: Rule) => void) {
  const field = (name: string, testid: string) =>
    h('input', {
      class: 'field view-number',
      inputmode: 'decimal',
      'aria-label': name,
      'data-testid': testid,
      onkeydown: (event: KeyboardEvent) => event.key === 'Enter' && apply(),
    });
  const sure = field(WORDS.certain, 'rule-certainty');
  const time = field(WORDS.minutes, 'rule-minutes');
  const said = h('p', { class: 'muted', role: 'status' }, WORDS.neither);
  const menu = createMenu(button);
  const preset = (words: string, percent: string) =>
    h('button', { class: 'button small', onclick: () => (sure.value = percent) }, words);
  menu.sheet.append(
    h('h3', {}, WORDS.ruleTitle),
    h('label', {}, h('span', {}, WORDS.certain), sure, WORDS.percent),
    h('label', {}, h('span', {}, WORDS.minutes), time, WORDS.min),
    h(
      'div',
      { class: 'button-row' },
      preset(WORDS.presets.quick, '80'),
      preset(WORDS.presets.usual, '95'),
      preset(WORDS.presets.sure, '99')
    ),
    said,
    h('button', { class: 'button', 'data-testid': 'rule-change', onclick: apply }, WORDS.change)
  );

  function apply(): void {
    const rule = ruleOf(sure.value, time.value);
    setText(said, rule === null ? WORDS.badRule : WORDS.neither);
    if (rule !== null) {
      change(rule);
      menu.close();
    }
  }

  return {
    ...menu,
    told({ certainty, minutes }: RunState): void {
      sure.value = certainty === null ? '' : String(Number((100 * certainty).toPrecision(6)));
      time.value = minutes === null ? '' : String(Number(minutes.toPrecision(4)));
    },
  };
}
