/** Sentences that must not be missed: errors, a silent kernel; and the words shown while there is nothing else. */

import { h, icon, setAttr, setText, show } from '../dom';
import { CLOSE } from '../icons';
import { Say } from '../words';

export interface Notice {
  tone: 'error' | 'warning';
  words: string;
  dismiss: (() => void) | null;
}

export function createNotice() {
  const words = h('span');
  let dismiss: (() => void) | null = null;
  const close = h(
    'button',
    { class: 'button square bare', 'aria-label': Say.dismiss, onclick: () => dismiss?.() },
    icon(CLOSE)
  );
  const element = h(
    'div',
    { class: 'notice', role: 'alert', hidden: true, 'data-testid': 'notice' },
    words,
    close
  );
  return {
    element,
    update(notice: Notice | null): void {
      show(element, notice !== null);
      setText(words, notice?.words ?? '');
      setAttr(element, 'data-tone', notice?.tone);
      dismiss = notice?.dismiss ?? null;
      show(close, dismiss !== null);
    },
  };
}

export function createWaiting() {
  const title = h('strong');
  const words = h('p');
  const pulse = h('div', { class: 'pulse', 'aria-hidden': 'true' });
  const element = h(
    'div',
    { class: 'waiting', role: 'status', 'data-testid': 'waiting' },
    pulse,
    title,
    words
  );
  return {
    element,
    /** `why`: what to say of a kernel that does not answer; null while there is hope. `page`: what to show then. */
    update(name: string, why: string | null, page: string): void {
      setText(title, name || Say.panel);
      setText(words, why ?? Say.waiting);
      show(pulse, why === null);
      if (why !== null && page && element.contains(title)) {
        element.replaceChildren(h('iframe', { sandbox: 'allow-scripts', srcdoc: page, title: name }));
      }
    },
  };
}
