/** The few lines of DOM that every view shares. Text always goes in as text, never as markup. */

import { LIVE } from './here';

type Prop = string | number | boolean | null | undefined | ((event: never) => void);
type Child = Node | string | null | undefined | false;

const SVG = 'http://www.w3.org/2000/svg';

/** An element: `onclick: f` listens, `class` and every other name are attributes; false and null leave one out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Record<string, Prop> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return dress(document.createElement(tag), props, children);
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  props: Record<string, Prop> = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  return dress(document.createElementNS(SVG, tag), props, children);
}

function dress<E extends Element>(element: E, props: Record<string, Prop>, children: Child[]): E {
  if (element instanceof HTMLButtonElement) {
    element.type = 'button'; // submits nothing unless it says so
  }
  for (const [name, prop] of Object.entries(props)) {
    if (typeof prop === 'function') {
      element.addEventListener(name.slice(2), prop as EventListener);
    } else if (prop != null && prop !== false) {
      element.setAttribute(name, prop === true ? '' : `${prop}`); // a new element has nothing to compare with
    }
  }
  element.append(...children.filter((child): child is Node | string => child != null && child !== false));
  return element;
}

/** Sets an attribute only when it changes; true is an empty attribute, false, null and undefined remove it. */
export function setAttr(
  element: Element,
  name: string,
  prop: string | number | boolean | null | undefined
): void {
  const text = prop === true ? '' : prop === false || prop == null ? null : String(prop);
  if (text === null) {
    if (element.hasAttribute(name)) {
      element.removeAttribute(name);
    }
  } else if (element.getAttribute(name) !== text) {
    element.setAttribute(name, text);
  }
}

/** Sets text only when it changes, so that a selection in it survives; in place, which browsers lay out sooner. */
export function setText(element: Element, text: string): void {
  const held = element.firstChild;
  if (LIVE && held instanceof Text && held === element.lastChild) {
    if (held.data !== text) {
      held.data = text;
    }
  } else if (element.textContent !== text) {
    element.textContent = text;
  }
}

export function show(element: Element, visible: boolean): void {
  setAttr(element, 'hidden', !visible);
}

/** Runs once before the next paint, or within a quarter of a second where nothing is painted. */
export function onceAFrame(action: () => void) {
  let frame = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const cancel = (): void => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    timer = undefined;
  };
  const run = (): void => {
    cancel();
    action();
  };
  const request = (): void => {
    if (timer === undefined) {
      timer = setTimeout(run, 250);
      frame = requestAnimationFrame(run);
    }
  };
  return { request, cancel, pending: () => timer !== undefined };
}

/** `path`: one of icons.ts. */
export function icon(path: string): SVGElement {
  return svg('svg', { class: 'icon', viewBox: '0 0 14 14', 'aria-hidden': 'true' }, svg('path', { d: path }));
}

/** Draws the pixels of a preview; the canvas has the preview's own size, CSS scales it without smoothing. */
export function drawPixels(
  canvas: HTMLCanvasElement,
  pixels: Uint8Array,
  width: number,
  height: number
): void {
  if (!(width * height > 0 && pixels.length >= width * height)) {
    return; // as large as its pixels, not as large as it says
  }
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (context === null) {
    return;
  }
  const channels = Math.round(pixels.length / (width * height));
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) {
      image.data[4 * i + c] = pixels[i * channels + (channels === 3 ? c : 0)] ?? 0;
    }
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
