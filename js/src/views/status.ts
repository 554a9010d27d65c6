/** The foot of the panel: how much is shown, selected, saved and failed, and what a shared copy would hold. */

import { h, setAttr, setText, show } from '../dom';
import { count, many } from '../format';
import { LIVE } from '../here';
import type { Points } from '../points';
import { Say, shownWords } from '../words';

export interface StatusActions {
  clearSelection(): void;
  failure(): void;
}

export interface StatusData {
  points: Points;
  shown: number;
  selected: number;
  unsaved: number;
  live: boolean;
}

export function createStatus(actions: StatusActions) {
  const shown = h('span', { 'data-testid': 'footer-shown' });
  const selected = h('button', {
    class: 'link',
    title: Say.clearTip,
    'data-testid': 'footer-selected',
    onclick: () => actions.clearSelection(),
  });
  const saved = h('span', { 'data-testid': 'saved', role: 'status' });
  const failed = h('button', {
    class: 'link',
    'data-testid': 'footer-failures',
    onclick: () => actions.failure(),
  });
  const warned = h('span', { class: 'muted', 'data-testid': 'footer-warnings' });
  const share = h('span', { class: 'muted share', 'data-testid': 'footer-share' });
  const all = [shown, selected, saved, failed, warned];
  // a button beside them stays where it is when they grow
  const words = LIVE ? [h('span', { class: 'foot-words' }, ...all)] : all;
  const element = h('div', { class: 'footer' }, ...words, share);

  function update({ points, shown: k, selected: ticked, unsaved, live: answered }: StatusData): void {
    const { status, edits } = points;
    const live = LIVE && answered;
    setText(shown, shownWords(k, points.n));
    show(shown, points.n > 0);
    setText(selected, `${count(ticked)} ${Say.selected}`);
    show(selected, ticked > 0);
    setText(
      saved,
      LIVE && unsaved > 0
        ? `${Say.savingOf} ${many(unsaved, Say.oneEdit)}…`
        : edits.count === 0
          ? ''
          : `${many(edits.count, Say.oneEdit)}${live ? Say.saved : ''}`
    );
    if (LIVE) {
      setAttr(saved, 'data-unsaved', unsaved);
      setAttr(saved, 'title', edits.path === '' ? null : edits.path);
    }
    show(saved, (LIVE && unsaved > 0) || edits.count > 0);
    const { failures, failure } = status;
    // a run that ends at its first fit has counted none
    setText(failed, failures > 0 || !LIVE ? many(failures, Say.failedFit) : Say.firstFailure);
    setAttr(failed, 'title', !LIVE || failure === null ? Say.failuresTip : Say.firstFailure);
    failed.disabled = !live || failure === null;
    show(failed, failures > 0 || (LIVE && failure !== null));
    setText(warned, many(status.warnings, Say.warning));
    show(warned, status.warnings > 0);
    const holds = live ? Say.holds : Say.shared;
    setText(share, points.share === '' ? '' : `${holds}: ${points.share}`);
    if (LIVE) {
      setAttr(share, 'title', live ? Say.holdsTip : null);
    }
  }

  return { element, update };
}
