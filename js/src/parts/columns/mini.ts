/** A small chart in the header of a column that filters: bars of numbers to brush, bars of classes to click. */

import { drawBars } from '../../bars';
import { h, setAttr, setText, svg } from '../../dom';
import type { Mini } from './counts';
import { barAt, moved, snap, type Range } from './mini_range';
import { lineOf, summary } from './mini_words';
import { Told } from './words';

export interface MiniActions {
  /** `done`: the pointer is still down when false. */
  range(range: Range | null, done: boolean): void;
  classes(names: readonly string[]): void;
}

export interface MiniData {
  readonly mini: Mini | null;
  readonly range: Range | null;
  readonly chosen: readonly string[];
  /** Where helpful begins; for the values only. */
  readonly threshold: number | null;
}

export interface MiniChart {
  readonly element: HTMLElement;
  readonly chart: SVGSVGElement;
  update(data: MiniData): void;
}

const W = 100;
const H = 20;

export function createMini(name: string, id: string, actions: MiniActions): MiniChart {
  const bars = svg('g');
  const brushed = svg('rect', { class: 'brush', y: 0, height: H, width: 0 });
  const marker = svg('rect', { class: 'mini-marker', y: 0, height: H, width: 0 });
  const chart = svg(
    'svg',
    {
      class: 'chart mini-chart',
      viewBox: `0 0 ${W} ${H}`,
      preserveAspectRatio: 'none',
      role: 'img',
      tabindex: -1,
      'data-testid': `mini-${id}`,
    },
    brushed,
    marker,
    bars
  );
  const line = h('div', { class: 'mini-line' });
  const element = h('div', { class: 'mini' }, chart, line);
  let data: MiniData = { mini: null, range: null, chosen: [], threshold: null };
  /** Where a drag began; what it covers is shown at once, and filters when the state has it. */
  let from: number | null = null;
  let held: Range | null = null;
  let before: Range | null = null;
  /** The bar under the pointer, and the one that the keys came to. */
  let at = -1;
  let cursor = -1;

  const bins = () => (data.mini?.kind === 'number' ? data.mini.histogram : null);
  const isWhole = (): boolean => data.mini?.kind === 'number' && data.mini.whole;
  const share = (event: MouseEvent): number => {
    const box = chart.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / (box.width || 1)));
  };
  const number = (event: PointerEvent): number => {
    const { lo, hi } = bins()!;
    return lo + (hi - lo) * share(event);
  };

  chart.addEventListener('mousedown', (event) => event.preventDefault());
  chart.addEventListener('pointerdown', (event) => {
    event.stopPropagation();
    if (event.button === 0 && bins() !== null) {
      from = number(event);
      before = data.range;
      chart.setPointerCapture(event.pointerId);
    }
  });
  chart.addEventListener('pointermove', (event) => {
    if (from !== null && Math.abs(number(event) - from) > bins()!.width / 3) {
      held = snap(bins()!, isWhole(), from, number(event));
      actions.range(held, false);
      paint();
    } else if (from === null) {
      hover(share(event));
    }
  });
  chart.addEventListener('pointerleave', () => hover(-1));
  chart.addEventListener('pointerup', (event) => {
    if (from === null) {
      return;
    }
    const range = held ?? (data.range === null ? barAt(bins()!, isWhole(), number(event)) : null);
    from = held = null;
    actions.range(range, true);
  });
  /** A drag that the browser takes for something else has filtered nothing. */
  chart.addEventListener('pointercancel', () => {
    const dragged = held !== null;
    from = held = null;
    if (dragged) {
      actions.range(before, true);
      paint();
    }
  });
  chart.addEventListener('click', (event) => {
    event.stopPropagation();
    hover(share(event)); // a finger hovers over nothing before
    if (data.mini?.kind === 'class' && at >= 0) {
      cursor = at;
      toggle(data.mini.names[at]!, event.ctrlKey || event.metaKey || event.shiftKey);
    }
  });
  chart.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0;
    if (event.key === 'Escape' && (data.range !== null || data.chosen.length > 0)) {
      clear();
    } else if (data.mini?.kind === 'class' && (step !== 0 || event.key === ' ' || event.key === 'Enter')) {
      const { length } = data.mini.names;
      cursor = Math.min(length - 1, Math.max(0, cursor + step));
      if (step === 0) {
        toggle(data.mini.names[cursor]!, true);
      } else {
        hover((cursor + 0.5) / length);
      }
    } else if (bins() !== null && step !== 0) {
      actions.range(moved(bins()!, isWhole(), data.range, step, event.shiftKey), true);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });

  function clear(): void {
    if (data.range !== null) {
      actions.range(null, true);
    } else {
      actions.classes([]);
    }
  }

  function toggle(one: string, several: boolean): void {
    const has = data.chosen.includes(one);
    const others = several ? data.chosen.filter((other) => other !== one) : [];
    actions.classes(has && (several || data.chosen.length === 1) ? others : [...others, one]);
  }

  /** What is under the pointer, in words. */
  function hover(x: number): void {
    const shown = (data.mini?.kind === 'class' ? data.mini : bins())?.counts.length ?? 0;
    at = x < 0 || shown === 0 ? -1 : Math.min(shown - 1, Math.floor(x * shown));
    setAttr(marker, 'x', at < 0 ? 0 : (at / shown) * W);
    setAttr(marker, 'width', at < 0 ? 0 : W / shown);
    setText(line, lineOf(data, held, at));
  }

  function paint(): void {
    const { mini, threshold, chosen } = data;
    const range = held ?? data.range;
    const found = bins();
    const x = (value: number): number =>
      found === null ? 0 : ((value - found.lo) / (found.hi - found.lo)) * W;
    const half = isWhole() ? 0.5 : 0;
    const start = range === null ? 0 : Math.max(0, x(range[0] - half));
    setAttr(brushed, 'x', start);
    setAttr(brushed, 'width', range === null ? 0 : Math.max(0, Math.min(W, x(range[1] + half)) - start));
    const numbers = found !== null && found.counts.filter(Boolean).length > 1 ? found.counts : []; // one alone says nothing
    drawBars(bars, mini?.kind === 'class' ? mini.counts : numbers, W, H, (i) => {
      if (mini?.kind === 'class') {
        return `neutral${chosen.length > 0 && !chosen.includes(mini.names[i]!) ? ' outside' : ''}`;
      }
      if (found === null) {
        return 'neutral'; // bars of values that are no longer known
      }
      const centre = found.lo + (i + 0.5) * found.width;
      const side = threshold === null ? 'neutral' : centre < threshold ? 'hurts' : 'helps';
      return range !== null && (centre < range[0] || centre > range[1]) ? `${side} outside` : side;
    });
    setAttr(element, 'data-filtered', range !== null || chosen.length > 0);
    setAttr(chart, 'aria-label', summary(name, data));
    setAttr(chart, 'aria-description', mini?.kind === 'class' ? Told.classHelp : Told.numberHelp);
    setText(line, lineOf(data, held, at));
  }

  return {
    element,
    chart,
    update(now) {
      const same =
        now.mini === data.mini &&
        now.range === data.range &&
        now.threshold === data.threshold &&
        now.chosen.join('\n') === data.chosen.join('\n');
      if (!same) {
        data = now;
        paint();
      }
    },
  };
}
