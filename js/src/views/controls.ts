/** The buttons that steer a run. A button that was pressed waits, and says so, until the run is there. */

import { h, icon, setAttr, show } from '../dom';
import { PAUSE, PLAY, STOP } from '../icons';
import type { Control } from '../source';
import type { Status } from '../wire';
import { Say } from '../words';

export interface ControlActions {
  control(verb: Control): void;
  help(): void;
}

/** What the buttons say of themselves. */
export type Tips = Readonly<Record<Control, string>>;

export const VALUING: Tips = {
  start: Say.startTip,
  pause: Say.pauseTip,
  resume: Say.resumeTip,
  stop: Say.stopTip,
};

export function createControls(actions: ControlActions, tips = VALUING) {
  const button = (verb: Control, glyph: string, name: string) =>
    h(
      'button',
      {
        class: 'button',
        title: tips[verb],
        'data-testid': `toolbar-${verb}`,
        onclick: () => actions.control(verb),
      },
      icon(glyph),
      h('span', {}, name)
    );
  const buttons: Record<Control, HTMLButtonElement> = {
    start: button('start', PLAY, Say.start),
    pause: button('pause', PAUSE, Say.pause),
    resume: button('resume', PLAY, Say.resume),
    stop: button('stop', STOP, Say.stop),
  };
  const help = h(
    'button',
    {
      class: 'button square',
      title: Say.keysTip,
      'aria-label': Say.keys,
      'data-testid': 'help',
      onclick: () => actions.help(),
    },
    '?'
  );
  const element = h(
    'span',
    { class: 'controls' },
    buttons.start,
    buttons.pause,
    buttons.resume,
    buttons.stop,
    help
  );

  function update(status: Status, asked: Control | null): void {
    const going = status.state === 'running' || status.state === 'paused';
    show(buttons.start, status.state === 'pending');
    show(buttons.pause, status.state === 'running');
    show(buttons.resume, status.state === 'paused');
    show(buttons.stop, going);
    for (const verb of Object.keys(buttons) as Control[]) {
      buttons[verb].disabled = asked !== null && (verb !== 'stop' || asked === 'stop');
      setAttr(buttons[verb], 'aria-busy', asked === verb ? 'true' : null);
    }
  }

  return { element, update };
}
