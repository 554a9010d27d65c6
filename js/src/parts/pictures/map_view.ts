/** Points as dots in the plane, coloured by their value: a lasso or a box selects. */

import { h, setAttr, setText, show, svg } from '../../dom';
import { grow, lassoed, nearest, towards, type Corner } from './geometry';
import { inkOf } from './ink';
import { createWatch, partsOf, type Deeds, type Look } from './look';
import { createAxes } from './map_axes';
import { dots, endsOf, numbersOf, placesOf, sizeFor, spots, type Coordinates, type Places } from './places';
import { createPlot } from './plot';
import { WORDS } from './words';

export const MOST_MARKS = 20_000;
/** Pixels. */
const DRAG = 4;
const REACH = 14;

/** The map, or why there is none, or null while it is being made. */
export type Given = Coordinates | string | null;

export function createMapView(deeds: Deeds) {
  const plot = createPlot('map', WORDS.mapHelp);
  const isNew = createWatch();
  const isElsewhere = createWatch();
  /** Where the points were the last time: a selection moves none. */
  let held: Places | null = null;
  let look: Look | null = null;
  let given: Given = null;
  let places: Places | null = null;
  let box = false;
  let path: Corner[] = [];
  let hover = -1;
  let theme = '';

  const axes = createAxes(deeds, () => update());
  const tool = (words: string, tip: string, isBox: boolean) =>
    h(
      'button',
      { class: 'chip', title: tip, onclick: () => arm(isBox), 'data-testid': isBox ? 'box' : 'lasso' },
      words
    );
  const tools = [tool(WORDS.lasso, WORDS.lassoTip, false), tool(WORDS.box, WORDS.boxTip, true)] as const;
  const bar = h('div', { class: 'map-bar', 'data-no-export': true }, ...axes.elements, ...tools);
  const words = h('p', { class: 'muted', 'data-no-export': true });
  const element = h('div', { class: 'picture' }, bar, plot.element, words);
  arm(false);

  function arm(isBox: boolean): void {
    box = isBox;
    tools.forEach((button, i) => setAttr(button, 'aria-pressed', String((i === 1) === box)));
  }

  function update(now: Look | null = look, coordinates: Given = given, dark = theme): void {
    [look, given, theme] = [now, coordinates, dark];
    if (look === null) {
      return;
    }
    const { points } = look.sight;
    axes.offer(points, typeof given === 'string' ? null : given);
    const columns = axes.columns();
    const others = columns === null ? [given] : [...columns, points.seq, points.extra.size];
    if (isNew(...partsOf(look), ...others, ...plot.size(), theme)) {
      paint(look);
    }
    cover();
  }

  function paint(now: Look): void {
    const { points } = now.sight;
    const columns = axes.columns();
    const refusal =
      columns !== null ? null : given === null ? WORDS.busy : typeof given === 'string' ? given : null;
    const short =
      typeof given === 'object' && given !== null && given.x.length !== points.n ? WORDS.stale : null;
    const map = columns === null && typeof given === 'object' && short === null ? given : null;
    setText(words, refusal ?? (columns === null ? (short ?? (map === null ? '' : map.words)) : ''));
    show(words, words.textContent !== '');
    places = null;
    if (columns === null && map === null) {
      plot.describe(words.textContent);
      plot.draw([]);
      return;
    }
    const [x, y] =
      columns === null ? [map!.x, map!.y] : [numbersOf(points, columns[0]), numbersOf(points, columns[1])];
    const names = columns === null ? map!.axes : axes.names();
    if (isElsewhere(x, y, map === null ? points.seq : 0, ...names, now.large, ...plot.size())) {
      const [xs, ys] = [endsOf(x), endsOf(y)];
      const frame =
        xs === null || ys === null
          ? null
          : plot.frame({ ...xs, name: names[0] }, { ...ys, name: names[1] }, now.large);
      held = frame === null ? null : placesOf(x, y, points.n, frame);
    }
    if (held === null) {
      plot.describe(WORDS.none);
      plot.draw([]);
      return;
    }
    const found = held;
    places = found;
    const ink = inkOf(plot.element);
    if (found.drawn <= MOST_MARKS) {
      plot.draw(dots(now, found, ink));
    } else {
      plot.raster((pixels, width, height, scale) => spots(now, found, ink, pixels, width, height, scale));
    }
    const faint = points.n - now.sight.derived.order.length;
    plot.describe(
      `${WORDS.map(names[0], names[1], found.drawn)}${WORDS.hidden(faint)}${WORDS.selected(now.sight.state.selected.size)}.`
    );
    setAttr(plot.element, 'data-points', found.drawn);
  }

  function cover(): void {
    if (places === null || look === null) {
      plot.cover();
      return;
    }
    const ring = (row: number, name: string): SVGElement[] =>
      row < 0 || !(places!.px[row]! >= 0)
        ? []
        : [
            svg('circle', {
              class: name,
              cx: places!.px[row]!,
              cy: places!.py[row]!,
              r: sizeFor(places!.drawn, look!.large) / 2 + 3.5,
            }),
          ];
    const lasso =
      path.length < 2 ? [] : [svg('polygon', { class: 'plot-lasso', points: corners().join(' ') })];
    plot.cover(...ring(look.sight.focus, 'plot-focus'), ...ring(hover, 'plot-hover'), ...lasso);
  }

  function corners(): readonly Corner[] {
    if (!box) {
      return path;
    }
    const [[ax, ay], [bx, by]] = [path[0]!, path.at(-1)!];
    return [
      [ax, ay],
      [bx, ay],
      [bx, by],
      [ax, by],
    ];
  }

  const under = (at: Corner): number =>
    places === null || look === null ? -1 : nearest(places.px, places.py, look.shown, at, REACH);
  const isDrag = (): boolean =>
    path.length > 1 && path.some(([x, y]) => Math.hypot(x - path[0]![0], y - path[0]![1]) > DRAG);

  const surface = plot.element;
  surface.addEventListener('pointerdown', (event) => {
    if (event.button === 0 && places !== null) {
      path = [plot.at(event)];
      surface.setPointerCapture(event.pointerId);
    }
  });
  surface.addEventListener('pointermove', (event) => {
    const to = plot.at(event);
    if (path.length > 0 && box) {
      path[1] = to;
    } else if (path.length > 0) {
      grow(path, to);
    }
    hover = isDrag() ? -1 : under(to);
    plot.say(hover < 0 ? '' : deeds.describe(hover), to);
    cover();
  });
  surface.addEventListener('pointerup', (event) => {
    const at = plot.at(event);
    if (path.length > 0 && places !== null && look !== null) {
      const row = under(at);
      if (isDrag()) {
        deeds.select(lassoed(places.px, places.py, look.shown, corners()), event.shiftKey);
      } else if (row < 0) {
        deeds.select([], event.shiftKey);
      } else if (event.ctrlKey || event.metaKey) {
        deeds.toggle(row);
      } else {
        deeds.focus(row);
      }
    }
    path = [];
    cover();
  });
  surface.addEventListener('pointercancel', () => {
    path = [];
    cover();
  });
  surface.addEventListener('pointerleave', () => {
    hover = -1;
    plot.say('', [0, 0]);
    cover();
  });
  surface.addEventListener('keydown', (event) => {
    const arrow = (
      { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] } as Record<
        string,
        Corner
      >
    )[event.key];
    if (places === null || look === null || (arrow === undefined && event.key !== ' ')) {
      return;
    }
    event.preventDefault();
    const { focus } = look.sight;
    if (arrow === undefined) {
      deeds.toggle(focus);
      return;
    }
    const row = focus < 0 ? -1 : towards(places.px, places.py, look.shown, focus, arrow);
    if (row >= 0) {
      deeds.focus(row);
      plot.say(deeds.describe(row), [places.px[row]!, places.py[row]!]);
    }
  });

  return { element, plot, update, wantsMap: () => axes.columns() === null };
}
