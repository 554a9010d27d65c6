/** A chart as it is seen: its texts, charts and canvases in one SVG, with their colours written out. */

import { setAttr, svg } from '../../dom';
import { hex, parse } from './ink';
import type { Mark } from './plot';

const PAD = 12;
const COPIED = [
  'fill',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linecap',
  'stroke-linejoin',
  'vector-effect',
  'opacity',
  'font-size',
  'font-family',
  'text-anchor',
];

/** What stands on a canvas; null where it is too much for marks. */
export type MarksOf = (canvas: HTMLCanvasElement) => readonly Mark[] | null;

/** The texts, charts and canvases of an element, but for what is marked `data-no-export`. */
export function svgOf(element: HTMLElement, marksOf: MarksOf): SVGSVGElement {
  const box = element.getBoundingClientRect();
  const [width, height] = [Math.ceil(box.width) + 2 * PAD, Math.ceil(box.height) + 2 * PAD];
  const panel = element.closest('.panel') ?? element;
  const made = svg('svg', { width, height, viewBox: `0 0 ${width} ${height}` });
  made.append(svg('rect', { width, height, fill: colour(getComputedStyle(panel).backgroundColor) }));
  const put = (rect: DOMRect) => ({ x: rect.left - box.left + PAD, y: rect.top - box.top + PAD });

  function walk(node: Element): void {
    const style = getComputedStyle(node);
    if (node.matches('[data-no-export], .visually-hidden') || style.display === 'none') {
      return;
    }
    const rect = node.getBoundingClientRect();
    if (node instanceof SVGSVGElement) {
      const copy = inlined(node) as SVGSVGElement;
      for (const [name, number] of Object.entries({ ...put(rect), width: rect.width, height: rect.height })) {
        setAttr(copy, name, number);
      }
      made.append(copy);
    } else if (node instanceof HTMLSelectElement) {
      const { x, y } = put(rect);
      made.append(line(node.value, style, x, y + rect.height * 0.7));
    } else if (node instanceof HTMLCanvasElement) {
      made.append(drawn(node, marksOf(node), { ...put(rect), width: rect.width, height: rect.height }));
    } else {
      node.childNodes.forEach((child) => {
        if (child instanceof Text && child.data.trim() !== '') {
          made.append(...written(child, style, put));
        } else if (child instanceof Element) {
          walk(child);
        }
      });
    }
  }

  walk(element);
  return made;
}

/** One text a line, as the browser broke them. */
function written(
  text: Text,
  style: CSSStyleDeclaration,
  put: (rect: DOMRect) => { x: number; y: number }
): SVGElement[] {
  const range = document.createRange();
  const lines: { words: string; rect: DOMRect }[] = [];
  for (const { 0: word, index } of text.data.matchAll(/\S+\s*/g)) {
    range.setStart(text, index);
    range.setEnd(text, index + word.trimEnd().length);
    const rect = range.getBoundingClientRect();
    const last = lines.at(-1);
    if (last !== undefined && Math.abs(last.rect.top - rect.top) < 2) {
      last.words += word;
    } else {
      lines.push({ words: word, rect });
    }
  }
  return lines.map(({ words, rect }) => {
    const { x, y } = put(rect);
    return line(words.trimEnd(), style, x, y + rect.height * 0.78);
  });
}

function line(words: string, style: CSSStyleDeclaration, x: number, y: number): SVGElement {
  const { fontSize, fontWeight, fontFamily } = style;
  const font = { 'font-size': fontSize, 'font-weight': fontWeight, 'font-family': fontFamily };
  return svg('text', { x: x.toFixed(1), y: y.toFixed(1), fill: colour(style.color), ...font }, words);
}

function drawn(
  canvas: HTMLCanvasElement,
  marks: readonly Mark[] | null,
  at: Record<string, number>
): SVGElement {
  if (marks === null) {
    return svg('image', { ...at, href: canvas.toDataURL() });
  }
  return svg(
    'svg',
    at,
    ...marks.map(({ d, fill = 'none', stroke = 'none', width = 1, alpha = 1 }) =>
      svg('path', {
        d,
        fill,
        stroke,
        'stroke-width': width,
        opacity: alpha,
        'stroke-linecap': 'round',
        'stroke-linejoin': 'round',
      })
    )
  );
}

/** A copy that needs no style sheet. */
function inlined(element: Element): Element {
  const style = getComputedStyle(element);
  const copy = element.cloneNode(false) as Element;
  for (const name of [
    'class',
    'tabindex',
    'role',
    'style',
    'data-testid',
    'aria-describedby',
    'aria-hidden',
  ]) {
    copy.removeAttribute(name);
  }
  for (const name of COPIED) {
    const computed = style.getPropertyValue(name);
    if (computed !== '' && computed !== 'normal') {
      copy.setAttribute(name, name === 'fill' || name === 'stroke' ? colour(computed) : computed);
    }
  }
  element.childNodes.forEach((child) => {
    if (child instanceof Element && getComputedStyle(child).display !== 'none') {
      copy.append(inlined(child));
    } else if (child instanceof Text) {
      copy.append(child.cloneNode());
    }
  });
  return copy;
}

function colour(computed: string): string {
  return computed === 'none' || /, 0\)$|\/ 0\)$/.test(computed) ? 'none' : hex(parse(computed));
}
