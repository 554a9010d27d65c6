/** One run in the list: what it is, how far it is, what one can do with it. */

import { h, icon, setAttr, setText, show } from '../../dom';
import { percent } from '../../format';
import { PAUSE, PLAY, STOP } from '../../icons';
import { BESIDE, REVEAL, TAB } from './paths';
import { isAlive, may, VERBS, type RunInfo, type Verb } from './runs';
import { sparkline } from './sparkline';
import { doneWords, spoken, stateWords, timeWords, type Trans } from './words';

export type Deed = Verb | 'reveal' | 'beside' | 'tab';

export interface Item {
  readonly element: HTMLLIElement;
  update(run: RunInfo, waits: boolean): void;
}

/** `act` is told what was clicked. */
export function createItem(trans: Trans, act: (deed: Deed) => void): Item {
  const name = h('span', { class: 'dvl-run-name' });
  const method = h('span', { class: 'dvl-run-method' });
  const spark = h('span', { class: 'dvl-run-spark' });
  const fill = h('div', { class: 'dvl-run-fill' });
  const bar = h(
    'div',
    { class: 'dvl-run-bar', role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100 },
    fill
  );
  const state = h('span', { class: 'dvl-run-state' });
  const facts = h('span', { class: 'dvl-run-facts' });
  const reason = h('div', { class: 'dvl-run-reason' });
  const buttons = new Map<Deed, HTMLButtonElement>();
  const button = (deed: Deed, path: string): HTMLButtonElement => {
    const made = h(
      'button',
      { type: 'button', class: 'dvl-button', 'data-deed': deed, onclick: () => act(deed) },
      icon(path)
    );
    buttons.set(deed, made);
    return made;
  };
  const element = h(
    'li',
    { class: 'dvl-run', tabindex: -1 },
    h('div', { class: 'dvl-run-head' }, h('span', { class: 'dvl-run-names' }, name, method), spark),
    bar,
    h('div', { class: 'dvl-run-line' }, state, facts),
    reason,
    h(
      'div',
      { class: 'dvl-run-buttons' },
      button('pause', PAUSE),
      button('resume', PLAY),
      button('stop', STOP),
      h('span', { class: 'dvl-run-gap' }),
      button('reveal', REVEAL),
      button('beside', BESIDE),
      button('tab', TAB)
    )
  );
  let drawn = '';

  function nameButtons(run: RunInfo): void {
    const labels: Record<Deed, string> = {
      pause: trans.__('Pause %1', run.name),
      resume: trans.__('Resume %1', run.name),
      stop: trans.__('Stop %1, with the values so far', run.name),
      reveal: trans.__('Reveal the cell of %1', run.name),
      beside: trans.__('Open %1 beside the notebook', run.name),
      tab: trans.__('Open %1 as a tab', run.name),
    };
    const verbs = may(run);
    buttons.forEach((one, deed) => {
      setAttr(one, 'aria-label', labels[deed]);
      setAttr(one, 'title', labels[deed]);
    });
    VERBS.forEach((verb) => show(buttons.get(verb)!, verbs.includes(verb)));
    enable(buttons.get('reveal')!, run.cell !== null || run.model !== null);
    enable(buttons.get('beside')!, run.model !== null);
    enable(buttons.get('tab')!, run.model !== null);
  }

  function draw(run: RunInfo): void {
    const label = trans.__('The values of %1 points, sorted', run.n);
    const wanted = JSON.stringify([run.spark, run.zero, label]);
    if (wanted !== drawn) {
      drawn = wanted;
      spark.replaceChildren(...(run.spark.length > 0 ? [sparkline(run.spark, run.zero, label)] : []));
    }
  }

  function update(run: RunInfo, waits: boolean): void {
    const share = percent(run.completion);
    setAttr(element, 'data-run', run.id);
    setAttr(element, 'data-state', run.state);
    setAttr(element, 'data-waits', waits);
    setAttr(element, 'aria-label', spoken(run, trans));
    setText(name, run.name);
    setAttr(name, 'title', run.title || run.name);
    setText(method, run.method);
    draw(run);
    fill.style.width = `${(100 * run.completion).toFixed(1)}%`;
    setAttr(bar, 'aria-valuenow', Math.floor(100 * run.completion));
    setAttr(bar, 'aria-label', trans.__('Progress of %1', run.name));
    setText(state, stateWords(run, trans));
    const parts = [isAlive(run) ? share : '', timeWords(run, trans), doneWords(run, trans)];
    setText(facts, parts.filter((part) => part !== '').join(' · '));
    setText(reason, run.error ?? (isAlive(run) ? '' : run.reason));
    show(reason, reason.textContent !== '');
    nameButtons(run);
  }

  return { element, update };
}

/** A disabled button would lose the focus; this one keeps it, and does nothing. */
function enable(button: HTMLButtonElement, enabled: boolean): void {
  setAttr(button, 'aria-disabled', enabled ? null : 'true');
}
