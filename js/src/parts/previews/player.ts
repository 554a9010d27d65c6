/** Plays the sound of a point: asked for when somebody presses play, played from a blob of this page. */

import { h } from '../../dom';
import { PLAY, PLAYER } from './words';

export interface PlayButton {
  readonly element: HTMLElement;
  update(row: number): void;
}

export function createPlayer(ask: (row: number) => void) {
  const audio = h('audio', { controls: true, 'aria-label': PLAYER, 'data-testid': 'preview-player' });
  const element = h('div', { class: 'preview-player', hidden: true }, audio);
  let url = '';
  let held = -1;
  let wanted = -1;

  function play(): void {
    element.hidden = false;
    audio.currentTime = 0;
    audio.play().catch(() => undefined); // where a page may not begin to sound, the player is there to be pressed
  }

  function want(row: number): void {
    wanted = row;
    if (row === held) {
      play();
    } else {
      ask(row);
    }
  }

  function take(row: number, wav: Uint8Array): void {
    if (row !== wanted) {
      return;
    }
    URL.revokeObjectURL(url);
    url = URL.createObjectURL(new Blob([wav as BlobPart], { type: 'audio/wav' }));
    audio.src = url;
    held = row;
    play();
  }

  function button(): PlayButton {
    let row = -1;
    const element = h(
      'button',
      { class: 'button', 'data-testid': 'preview-play', onclick: () => want(row) },
      `▶ ${PLAY}`
    );
    return { element, update: (now) => void (row = now) };
  }

  function end(): void {
    audio.pause();
    URL.revokeObjectURL(url);
  }

  return { element, button, take, end };
}
