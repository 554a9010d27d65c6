/** A few points in a row: a picture, or else a text or an id, with a line below it. */

import { drawPixels, h, setAttr, setText, show } from '../../dom';
import type { Preview } from '../../source';
import type { Shown } from './read';

/** What is said of one of them. */
export interface Caption {
  readonly id: string;
  readonly below: string;
  /** A class for `below`: "hurts", "other" or none. */
  readonly tone: string;
  readonly title: string;
}

/** `take`: a click on one; null where there is nothing to do with them. */
export function createThumbs(id: string, take: ((row: number) => void) | null) {
  const element = h('div', { class: 'around-thumbs', role: 'list', 'data-testid': id });
  const thumbs: ReturnType<typeof createThumb>[] = [];

  return {
    element,
    update(shown: Shown, captions: readonly Caption[]): void {
      while (thumbs.length < shown.rows.length) {
        const thumb = createThumb(take);
        thumbs.push(thumb);
        element.append(thumb.item);
      }
      setAttr(element, 'data-kind', shown.kind.kind);
      thumbs.forEach((thumb, i) => {
        const row = shown.rows[i];
        show(thumb.item, row !== undefined);
        if (row !== undefined) {
          thumb.paint(row, shown.previews[i], shown, captions[i]!);
        }
      });
    },
  };
}

function createThumb(take: ((row: number) => void) | null) {
  const canvas = h('canvas', { class: 'thumb', 'aria-hidden': 'true' });
  const text = h('span', { class: 'around-text' });
  const below = h('span');
  const inside = [canvas, text, below];
  let at = -1;
  const box =
    take === null
      ? h('div', { class: 'around-thumb', role: 'img' }, ...inside)
      : h('button', { class: 'around-thumb', onclick: () => take(at) }, ...inside);
  const item = h('div', { role: 'listitem' }, box);
  let drawn: unknown;

  function paint(row: number, preview: Preview | undefined, { kind }: Shown, caption: Caption): void {
    at = row;
    setAttr(box, 'data-of', row); // not data-row: it is no row of the table
    const picture = kind.kind === 'image' && preview instanceof Uint8Array;
    show(canvas, picture);
    show(text, !picture);
    if (picture && preview !== drawn) {
      drawPixels(canvas, preview, kind.width, kind.height);
      drawn = preview;
    }
    setText(text, picture ? '' : typeof preview === 'string' && preview !== '' ? preview : caption.id);
    setText(below, caption.below);
    setAttr(below, 'class', caption.tone);
    setAttr(box, 'title', caption.title);
    setAttr(box, 'aria-label', caption.title);
  }

  return { item, paint };
}
