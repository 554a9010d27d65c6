/** The values of each class, one strip below the other; a click filters by the class. */

import { drawBars } from '../../bars';
import { h, setAttr, setText, show, svg } from '../../dom';
import { count, error, value } from '../../format';
import { createWatch, partsOf, type Look } from './look';
import { strips, type Strip } from './strips';
import { WORDS } from './words';

const W = 200;
const H = 26;

export function createClassesView(filter: (names: readonly string[]) => void) {
  const isNew = createWatch();
  const note = h('p', { class: 'muted' });
  const list = h('div', { class: 'strips' });
  const element = h('div', { class: 'picture', 'data-testid': 'classes' }, list, note);
  const rows: ReturnType<typeof createStrip>[] = [];

  /** `chosen`: names of the classes that the table is filtered by. */
  function update(look: Look, chosen: readonly string[], theme: string): void {
    const { points, derived } = look.sight;
    if (!isNew(...partsOf(look), points.label, points.edits, chosen.join('\n'), theme)) {
      return;
    }
    const { histogram } = derived;
    const found = histogram === null ? [] : strips(points, histogram, look.shown);
    const ends = [histogram?.lo, histogram?.hi].map((one) => value(one ?? NaN, histogram?.width ?? NaN)) as [
      string,
      string,
    ];
    setText(
      note,
      histogram === null ? WORDS.none : found.length === 0 ? WORDS.noClasses : WORDS.mean(...ends)
    );
    while (rows.length < found.length) {
      const row = createStrip(filter);
      rows.push(row);
      list.append(row.element);
    }
    rows.forEach((row, i) => {
      show(row.element, i < found.length);
      if (i < found.length) {
        row.update(found[i]!, look, chosen);
      }
    });
  }

  return { element, update };
}

function createStrip(filter: (names: readonly string[]) => void) {
  const [name, size, mean] = [h('span', { class: 'strip-name' }), h('span', { class: 'muted' }), h('span')];
  const all = svg('g', { opacity: 0.3 });
  const shown = svg('g');
  const zero = svg('line', { class: 'base', y1: 0, y2: H });
  const bar = svg('line', { class: 'strip-error', y1: H - 3, y2: H - 3 });
  const centre = svg('line', { class: 'strip-mean', y1: 1, y2: H });
  const chart = svg(
    'svg',
    { class: 'chart', viewBox: `0 0 ${W} ${H}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    all,
    shown,
    zero,
    bar,
    centre
  );
  let strip: Strip | null = null;
  let pressed = false;
  const element = h(
    'button',
    { class: 'strip', 'data-testid': 'strip', onclick: () => filter(pressed ? [] : (strip?.classes ?? [])) },
    name,
    size,
    chart,
    mean
  );

  function update(now: Strip, { sight }: Look, chosen: readonly string[]): void {
    strip = now;
    const { lo, hi, width } = sight.derived.histogram!;
    const { threshold } = sight.points.status;
    pressed = now.classes.length === chosen.length && now.classes.every((one) => chosen.includes(one));
    setAttr(element, 'aria-pressed', String(pressed));
    const [words, se] = [value(now.n === 0 ? NaN : now.mean, now.stderr), now.n > 1 ? error(now.stderr) : ''];
    setAttr(element, 'aria-label', WORDS.strip(now.name, now.n, words, se));
    setAttr(element, 'title', WORDS.strip(now.name, now.n, words, se));
    setText(name, now.name);
    setText(size, count(now.n));
    setText(mean, `${words}${se === '' ? '' : ` ± ${se}`}`);
    const colour = (bin: number): string =>
      threshold === null ? 'neutral' : lo + (bin + 0.5) * width < threshold ? 'hurts' : 'helps';
    const highest = Math.max(1, ...now.all);
    drawBars(all, now.all, W, H, colour, highest);
    drawBars(shown, now.shown, W, H, colour, highest);
    const x = (at: number): number => Math.min(W, Math.max(0, ((at - lo) / (hi - lo)) * W));
    const place = (line: SVGElement, from: number, to: number, visible: boolean): void => {
      show(line, visible);
      setAttr(line, 'x1', visible ? x(from).toFixed(1) : 0);
      setAttr(line, 'x2', visible ? x(to).toFixed(1) : 0);
    };
    place(zero, threshold ?? lo, threshold ?? lo, threshold !== null);
    place(centre, now.mean, now.mean, now.n > 0);
    place(bar, now.mean - now.stderr, now.mean + now.stderr, now.n > 1);
  }

  return { element, update };
}
