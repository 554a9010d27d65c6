/** A chart as a file, SVG or PNG, and the small menu that saves it. */

import { download } from '../download';
import { h, icon } from '../../dom';
import { SAVE } from '../../icons';
import { svgOf, type MarksOf } from './as_svg';
import { WORDS } from './words';

/** Pixels of a PNG for each of the page. */
const SHARP = 2;

async function pngOf(picture: SVGSVGElement): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(textOf(picture))}`;
  await image.decode();
  const canvas = h('canvas', {
    width: SHARP * Number(picture.getAttribute('width')),
    height: SHARP * Number(picture.getAttribute('height')),
  });
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done, fail) =>
    canvas.toBlob((blob) => (blob === null ? fail(new Error(WORDS.notSaved)) : done(blob)), 'image/png')
  );
}

function textOf(picture: SVGSVGElement): string {
  return new XMLSerializer().serializeToString(picture);
}

/** A small menu that saves one chart. */
export function createSave(
  name: string | (() => string),
  target: () => HTMLElement | null,
  marksOf: MarksOf,
  complain: (sentence: string) => void
): HTMLElement {
  async function save(kind: 'svg' | 'png'): Promise<void> {
    close();
    const of = target();
    if (of === null) {
      return;
    }
    try {
      const picture = svgOf(of, marksOf);
      const blob =
        kind === 'svg' ? new Blob([textOf(picture)], { type: 'image/svg+xml' }) : await pngOf(picture);
      download(`${typeof name === 'string' ? name : name()}.${kind}`, blob);
    } catch {
      complain(WORDS.notSaved);
    }
  }
  const button = (kind: 'svg' | 'png') =>
    h(
      'button',
      { class: 'button small', 'data-testid': `save-${kind}`, onclick: () => void save(kind) },
      kind.toUpperCase()
    );
  const opener = h(
    'summary',
    { title: WORDS.saveTip, 'aria-label': WORDS.saveTip, 'data-testid': 'save' },
    icon(SAVE)
  );
  const element = h(
    'details',
    { class: 'save', 'data-no-export': true },
    opener,
    h('div', { class: 'save-menu' }, button('svg'), button('png'))
  );
  /** The focus stays in the panel, and with it the keys. */
  function close(): void {
    opener.focus({ preventScroll: true });
    element.open = false;
  }

  element.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && element.open) {
      event.preventDefault();
      close();
    }
  });
  element.addEventListener('focusout', (event) => {
    if (!element.contains(event.relatedTarget as Node | null)) {
      element.open = false;
    }
  });
  return element;
}
