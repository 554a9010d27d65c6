/** All values from the lowest to the highest, with the band of their standard errors. A drag selects. */

import { setAttr, svg } from '../../dom';
import { count, plain } from '../../format';
import { valueName } from '../../points';
import { countBelow, decimate, heights, type Heights } from './curve';
import { marksOf } from './curve_marks';
import type { Corner } from './geometry';
import { inkOf } from './ink';
import { createWatch, partsOf, type Deeds, type Look } from './look';
import { createPlot, type Frame } from './plot';
import { WORDS } from './words';

/** Pixels. */
const DRAG = 4;

export function createCurveView(deeds: Deeds) {
  const plot = createPlot('curve', WORDS.curveHelp);
  const isNew = createWatch();
  const isElsewhere = createWatch();
  let look: Look | null = null;
  let frame: Frame | null = null;
  let drag: Corner | null = null;
  let hover = -1;
  /** A million points are not looked at again for a filter or a selection. */
  let held: { rows: Uint32Array; width: number; heights: Heights } | null = null;

  function update(now: Look, theme: string): void {
    look = now;
    if (isNew(...partsOf(now), ...plot.size(), theme)) {
      paint(now);
    }
    cover();
  }

  function paint(now: Look): void {
    const { rows, sight, shown, selected } = now;
    const { points } = sight;
    const { threshold } = points.status;
    plot.describe(summary(now));
    const width = Math.max(1, plot.size()[0]);
    if (held?.rows !== rows || held.width !== width) {
      held = { rows, width, heights: heights(rows, points.value, points.stderr, width) };
    }
    const curve = decimate(rows, points.value, points.stderr, shown, selected, width, held.heights);
    let [lo, hi] = [threshold ?? Infinity, threshold ?? -Infinity];
    curve.value.forEach((x, i) => {
      lo = Math.min(lo, x - Math.min(curve.stderr[i]!, Math.abs(x)));
      hi = Math.max(hi, x + Math.min(curve.stderr[i]!, Math.abs(x)));
    });
    const value = { lo, hi, name: valueName(points) };
    frame =
      rows.length === 0
        ? null
        : plot.frame({ lo: 0, hi: rows.length, name: WORDS.rank, whole: true }, value, now.large);
    plot.draw(frame === null ? [] : marksOf(curve, frame, threshold, inkOf(plot.element)));
  }

  /** Where the focus is, what the pointer is at, what a drag covers. */
  function cover(to?: Corner): void {
    if (frame === null || look === null) {
      plot.cover();
      return;
    }
    const { top, height, x, y } = frame;
    const { ranks } = look.sight.derived;
    const { value } = look.sight.points;
    const { focus } = look.sight;
    if (!isElsewhere(frame, focus, hover, ranks.rank[focus], value[focus], to)) {
      return;
    }
    const cursor = (row: number, name: string): SVGElement[] => {
      const rank = row < 0 ? 0 : ranks.rank[row]!;
      const at = x(rank - 0.5);
      return rank === 0
        ? []
        : [
            svg('line', { class: name, x1: at, x2: at, y1: top, y2: top + height }),
            svg('circle', { class: name, cx: at, cy: y(value[row]!), r: 3.5 }),
          ];
    };
    const covered =
      drag === null || to === undefined
        ? []
        : [
            svg('rect', {
              class: 'plot-lasso',
              x: Math.min(drag[0], to[0]),
              y: top,
              width: Math.abs(to[0] - drag[0]),
              height,
            }),
          ];
    plot.cover(...cursor(focus, 'plot-focus'), ...cursor(hover, 'plot-hover'), ...covered);
  }

  function rankAt([px]: Corner): number {
    const { left, width } = frame!;
    return Math.min(
      look!.rows.length - 1,
      Math.max(0, Math.floor(((px - left) / width) * look!.rows.length))
    );
  }

  const moved = (to: Corner): boolean => drag !== null && Math.abs(to[0] - drag[0]) > DRAG;
  const { element } = plot;
  element.addEventListener('pointerdown', (event) => {
    if (event.button === 0 && frame !== null) {
      drag = plot.at(event);
      element.setPointerCapture(event.pointerId);
    }
  });
  element.addEventListener('pointermove', (event) => {
    if (frame === null || look === null) {
      return;
    }
    const to = plot.at(event);
    hover = moved(to) ? -1 : look.rows[rankAt(to)]!;
    plot.say(hover < 0 ? '' : deeds.describe(hover), to);
    cover(moved(to) ? to : undefined);
  });
  element.addEventListener('pointerup', (event) => {
    const to = plot.at(event);
    if (frame === null || look === null || drag === null) {
      return;
    }
    if (moved(to)) {
      const [a, b] = [rankAt(drag), rankAt(to)].sort((one, other) => one - other) as [number, number];
      deeds.select(
        [...look.rows.subarray(a, b + 1)].filter((row) => look!.shown[row] === 1),
        event.shiftKey
      );
    } else if (event.ctrlKey || event.metaKey) {
      deeds.toggle(look.rows[rankAt(to)]!);
    } else {
      deeds.focus(look.rows[rankAt(to)]!);
    }
    drag = null;
  });
  element.addEventListener('pointercancel', () => (drag = null));
  element.addEventListener('pointerleave', () => {
    hover = -1;
    plot.say('', [0, 0]);
    cover();
  });
  element.addEventListener('keydown', (event) => {
    if (look !== null && frame !== null && press(look, event.key)) {
      event.preventDefault();
    }
  });

  function press({ rows, shown, sight }: Look, key: string): boolean {
    const { focus } = sight;
    const rank = focus < 0 ? 0 : sight.derived.ranks.rank[focus]!;
    const step = key === 'ArrowRight' || key === 'Home' ? 1 : -1;
    if (key === ' ' && focus >= 0) {
      deeds.toggle(focus);
      return true;
    }
    const from = { ArrowRight: rank, ArrowLeft: rank - 2, Home: 0, End: rows.length - 1 }[key];
    if (from === undefined) {
      return false;
    }
    for (let i = from; i >= 0 && i < rows.length; i += step) {
      if (shown[rows[i]!] === 1) {
        deeds.focus(rows[i]!);
        const row = rows[i]!;
        plot.say(deeds.describe(row), [frame!.x(i + 0.5), frame!.y(sight.points.value[row]!)]);
        break;
      }
    }
    return true;
  }

  setAttr(element, 'data-drag', 'across');
  /** What stands below it: that nothing is known yet, or what the band is, if there is one. */
  const note = (): string =>
    held?.rows.length === 0
      ? WORDS.none
      : held?.heights.stderr.some((error) => error > 0) !== false
        ? WORDS.band
        : '';
  return { element, plot, update, note };
}

function summary({ rows, sight, shown, selected }: Look): string {
  const { points, state } = sight;
  const { threshold, unit_of_value: unit } = points.status;
  const k = rows.length;
  if (k === 0) {
    return WORDS.none;
  }
  const what = `${valueName(points)[0]!.toUpperCase()}${valueName(points).slice(1)}s${unit === '' ? '' : ` (${unit})`}`;
  const sides =
    threshold === null ? '' : WORDS.below(countBelow(rows, points.value, threshold), k, plain(threshold));
  const ends = [rows[0]!, rows[k - 1]!].map((row) => plain(points.value[row]!, 3)) as [string, string];
  let faint = k;
  for (let i = 0; i < k; i++) {
    faint -= shown[rows[i]!]!;
  }
  const picked = selected.length === 0 ? 0 : state.selected.size;
  return `${WORDS.curve(what, ...ends, sides)}${WORDS.hidden(faint)}${WORDS.selected(picked)}${k < points.n ? `; ${count(points.n - k)} ${WORDS.unknown}` : ''}.`;
}
