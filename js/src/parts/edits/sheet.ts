/** The sheet of the history, and the button that opens it: what fills it comes when it is opened first. */

import { h, icon, setText, show } from '../../dom';
import { CLOSE } from '../../icons';
import type { Points } from '../../points';
import { words } from '../../read';
import { notLoaded } from '../../words';
import type { History, HistoryHost, MakeHistory } from '../history';
import { moduleOf } from '../module';
import type { PartMessage } from '../part';
import { Say } from './words';

interface Deeds extends Pick<HistoryHost, 'worth' | 'ask' | 'backTo' | 'focus' | 'complain'> {
  points(): Points | null;
}

export function createSheet(title: string, deeds: Deeds) {
  let history: History | null = null;
  /** Asked for here: what another view asks for is no news. Installing: here, and not made yet. */
  let state: 'none' | 'asked' | 'installing' = 'none';
  let listed: Points['edits'] | null = null;
  let open = false;
  const close = h(
    'button',
    { class: 'button square bare', 'aria-label': Say.close, onclick: toggle },
    icon(CLOSE)
  );
  const reading = h('p', { class: 'muted', role: 'status' });
  const element = h(
    'div',
    {
      class: 'sheet log',
      role: 'dialog',
      'aria-modal': 'false',
      'aria-label': title,
      hidden: true,
      'data-testid': 'log',
      onkeydown: (event: KeyboardEvent) => {
        if (event.key === 'Escape') {
          event.preventDefault();
          toggle();
        }
      },
    },
    h('div', { class: 'sheet-head' }, h('h3', {}, title), close),
    h('div', { class: 'sheet-body', tabindex: 0 }, reading)
  );
  const button = h(
    'button',
    { class: 'button small', title: Say.historyTip, 'data-testid': 'log-open', onclick: toggle },
    Say.history
  );

  function toggle(): void {
    open = !open;
    show(element, open);
    if (open) {
      listed = deeds.points()?.edits ?? null;
      setText(reading, Say.loading);
      show(reading, true);
      if (history === null && state !== 'installing') {
        state = 'asked'; // each time: the first request may be lost
        deeds.ask({ do: 'history' });
      }
      read();
      close.focus({ preventScroll: true });
    } else {
      history?.closed();
      button.focus({ preventScroll: true });
    }
  }

  function read(): void {
    history?.read();
  }

  async function install(module: string): Promise<void> {
    try {
      const make = (await moduleOf(module)) as MakeHistory;
      history = make({ ...deeds, sheet: element, close, reading });
      if (open) {
        read();
      }
    } catch (error) {
      const sentence = notLoaded(Say.sheet, words(String(error), 'the error'));
      setText(reading, sentence);
      deeds.complain(sentence);
    }
    state = 'none';
  }

  return {
    element,
    button,
    toggle,
    /** Everything that is not its own is left to the module. */
    hear(message: PartMessage): void {
      if (message.kind !== 'history') {
        history?.hear(message);
      } else if (state === 'asked') {
        state = 'installing';
        void install(String(message.body.text)); // as it is, not as it may be shown
      }
    },
    paint({ edits }: Points): void {
      if (open && edits !== listed) {
        listed = edits;
        read();
      }
    },
  };
}
