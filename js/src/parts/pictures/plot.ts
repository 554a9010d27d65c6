/** A canvas with axes over it: what both the curve and the map are drawn on. */

import { h, setAttr, setText, show, svg } from '../../dom';
import { plain } from '../../format';
import { ticks, type Corner } from './geometry';

/** One colour at a time. */
export interface Mark {
  readonly d: string;
  readonly fill?: string;
  readonly stroke?: string;
  readonly width?: number;
  readonly alpha?: number;
}

export interface Axis {
  readonly lo: number;
  readonly hi: number;
  readonly name: string;
  readonly whole?: boolean;
}

export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

export function createPlot(name: string, help: string) {
  const canvas = h('canvas');
  const axes = svg('g', { class: 'axes' });
  const over = svg('g');
  const layers = [axes, over].map((of) =>
    svg('svg', { class: 'plot-over', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, of)
  );
  const tip = h('div', { class: 'plot-tip', role: 'status', 'data-no-export': true, hidden: true });
  const element = h(
    'div',
    { class: 'plot', tabindex: 0, role: 'img', 'data-testid': name, 'aria-describedby': `dvl-${name}` },
    layers[0],
    canvas,
    layers[1],
    tip,
    h('span', { class: 'visually-hidden', id: `dvl-${name}` }, help)
  );
  let marks: readonly Mark[] | null = [];
  let size: readonly [number, number] = [0, 0];
  /** What the axes stand for. */
  let drawn = '';

  /** The place for the data, once the axes are drawn; null while nobody can see it. */
  function frame(x: Axis, y: Axis, large: boolean): Frame | null {
    const [w, tall] = size;
    const steps = ticks(y.lo, y.hi, large ? 7 : 4).map((at) => [at, plain(at, 3)] as const);
    const longest = Math.max(...steps.map(([, words]) => words.length));
    const [left, top] = [Math.max(large ? 56 : 34, 8 + 7 * longest), large ? 26 : 6];
    const width = w - left - 8;
    const height = tall - top - (large ? 40 : 18);
    if (width < 10 || height < 10) {
      return null;
    }
    const scale = (axis: Axis, from: number, length: number) => (value: number) =>
      from + ((value - axis.lo) / (axis.hi - axis.lo || 1)) * length;
    const made = {
      left,
      top,
      width,
      height,
      x: scale(x, left, width),
      y: scale(y, top + height, -height),
    };
    const key = JSON.stringify([size, large, x, y]);
    if (key === drawn) {
      return made;
    }
    drawn = key;
    axes.replaceChildren(
      ...ticks(x.lo, x.hi, large ? 8 : 3)
        .filter((at) => x.whole !== true || Number.isInteger(at))
        .map((at) => label(made.x(at), top + height + 14, plain(at, 3), 'middle', w)),
      ...steps.flatMap(([at, words]) => [
        svg('line', { x1: left, x2: left + width, y1: made.y(at), y2: made.y(at), class: 'grid' }),
        label(left - 5, made.y(at) + 4, words, 'end', w),
      ]),
      ...(large
        ? [label(left + width / 2, tall - 6, x.name, 'middle', w), label(8, 15, y.name, 'start', w)]
        : [])
    );
    return made;
  }

  function label(x: number, y: number, words: string, anchor: string, w: number): SVGElement {
    const room = anchor === 'middle' ? Math.min(x, w - 3.6 * words.length - 1) : x;
    return svg('text', { x: room, y, 'text-anchor': anchor }, words);
  }

  function context(): CanvasRenderingContext2D | null {
    const dots = window.devicePixelRatio || 1;
    canvas.width = Math.round(size[0] * dots);
    canvas.height = Math.round(size[1] * dots);
    const found = canvas.getContext('2d');
    found?.scale(dots, dots);
    return found;
  }

  function draw(now: readonly Mark[]): void {
    marks = now;
    const to = context();
    for (const { d, fill, stroke, width = 1, alpha = 1 } of to === null ? [] : now) {
      const path = new Path2D(d);
      to!.globalAlpha = alpha;
      to!.lineCap = to!.lineJoin = 'round';
      if (fill !== undefined) {
        to!.fillStyle = fill;
        to!.fill(path);
      }
      if (stroke !== undefined) {
        to!.strokeStyle = stroke;
        to!.lineWidth = width;
        to!.stroke(path);
      }
    }
  }

  /** `paint` is given the pixels of the device, one number each. */
  function raster(paint: (pixels: Uint32Array, width: number, height: number, dots: number) => void): void {
    marks = null;
    const to = context();
    if (to !== null && canvas.width * canvas.height > 0) {
      const image = to.createImageData(canvas.width, canvas.height);
      paint(new Uint32Array(image.data.buffer), canvas.width, canvas.height, window.devicePixelRatio || 1);
      to.putImageData(image, 0, 0);
    }
  }

  function say(words: string, [x, y]: Corner): void {
    setText(tip, words);
    show(tip, words !== '');
    const right = x > size[0] / 2;
    tip.style.left = right ? 'auto' : `${x + 12}px`;
    tip.style.right = right ? `${size[0] - x + 12}px` : 'auto';
    tip.style.top = `${Math.min(Math.max(0, y - 26), size[1] - 24)}px`;
  }

  /** Looks at its size: once it changed, not each time that it is drawn, when it would have the page laid out anew. */
  function measure(): void {
    size = [element.clientWidth, element.clientHeight];
    if (size[0] > 0) {
      layers.forEach((one) => setAttr(one, 'viewBox', `0 0 ${size.join(' ')}`)); // on paper they grow with the canvas
    }
  }

  const at = (event: MouseEvent): Corner => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  element.addEventListener('mousedown', (event) => {
    event.preventDefault(); // a drag selects no text
    element.focus({ preventScroll: true });
  });

  return {
    element,
    canvas,
    measure,
    size: () => size,
    frame,
    draw,
    raster,
    say,
    at,
    cover: (...items: SVGElement[]) => over.replaceChildren(...items),
    describe: (words: string) => setAttr(element, 'aria-label', words),
    /** What was drawn; null where it were too many marks. */
    marks: () => marks,
  };
}
