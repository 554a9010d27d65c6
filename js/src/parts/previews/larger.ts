/** The larger picture, or the whole text, beside the preview that it belongs to. */

import { drawPixels, h, setAttr, setText, show } from '../../dom';
import { placeBeside } from './place';
import type { PlayButton } from './player';
import type { Shown } from './read';
import { failed, imageOf, LARGER, LOADING } from './words';

export interface LargerData {
  readonly name: string;
  readonly id: string;
  readonly row: number;
  readonly look: Shown | null;
  readonly audio: boolean;
  readonly from: Element;
  readonly panel: Element;
}

/** A picture is enlarged to about this many pixels a side. */
const SIDE = 320;

export function createLarger(play: PlayButton) {
  const canvas = h('canvas', { role: 'img', 'data-testid': 'larger-image' });
  const text = h('div', { class: 'larger-text', 'data-testid': 'larger-text' });
  const name = h('strong');
  const element = h(
    'div',
    { class: 'larger', role: 'dialog', 'aria-label': LARGER, 'data-testid': 'larger', hidden: true },
    canvas,
    text,
    h('div', { class: 'larger-foot' }, name, play.element)
  );
  let drawn: Shown | null = null;

  function update(data: LargerData | null): void {
    show(element, data !== null);
    if (data === null) {
      return;
    }
    const { look } = data;
    setAttr(element, 'data-row', data.row);
    setText(name, data.name);
    show(play.element, data.audio && look?.why === '');
    play.update(data.row);
    const picture = look?.picture ?? null;
    show(canvas, picture !== null);
    show(text, picture === null);
    setText(text, look === null ? LOADING : look.why === '' ? (look.text ?? '') : failed(look.why));
    if (picture !== null) {
      drawOnce(data, look);
      const grow = Math.min(SIDE / Math.max(picture.width, picture.height), 24);
      const scale = grow < 1 ? Math.min(1, (1.6 * SIDE) / Math.max(picture.width, picture.height)) : grow;
      canvas.style.width = `${Math.round(picture.width * scale)}px`;
      canvas.style.imageRendering = grow > 2 ? 'pixelated' : 'auto';
    }
    place(data);
  }

  function drawOnce({ id }: LargerData, look: Shown | null): void {
    const picture = look?.picture;
    setAttr(canvas, 'aria-label', imageOf(id));
    if (picture && look !== drawn) {
      drawPixels(canvas, picture.pixels, picture.width, picture.height);
      drawn = look;
    }
  }

  function place({ from, panel }: LargerData): void {
    const outer = panel.getBoundingClientRect();
    const at = from.getBoundingClientRect();
    const { left, top } = placeBeside(at, element.getBoundingClientRect(), outer);
    element.style.left = `${left - outer.left}px`;
    element.style.top = `${top - outer.top}px`;
  }

  return { element, update };
}
