/** What a small chart in a header says of itself. Pure. */

import { count, minus, named, percent, plain } from '../../format';
import type { MiniData } from './mini';
import type { Range } from './mini_range';
import { WORDS } from './words';

/** Below this share of the larger end the smaller one has fewer digits than its own would be: it is as good as 0. */
const SMALL = 0.1;
/** Below this one it is 0 also where it is on the other side of 0, which is else worth a digit. */
const NOTHING = 1e-3;

/** So many characters stand below the chart of a narrow column. */
const NARROW = 11;

/** A range, as short as it can be told. */
export function ends(lo: number, hi: number): string {
  const largest = Math.max(Math.abs(lo), Math.abs(hi));
  const least = (lo < 0 && hi > 0 ? NOTHING : SMALL) * largest;
  const end = (x: number): string =>
    Math.abs(x) < least ? '0' : plain(x, Math.abs(x) < SMALL * largest ? 1 : 2);
  const both = lo === hi ? end(lo) : `${end(lo)}…${end(hi)}`;
  return lo > 0 && hi < SMALL && both.length > NARROW ? small(lo, hi) : both;
}

/** Two small numbers, as standard errors are: 2…12e−4. */
function small(lo: number, hi: number): string {
  const [least, power] = lo.toExponential(0).split('e');
  return `${least}…${Math.round(hi / 10 ** Number(power))}e${minus(power!)}`;
}

/** The line below the chart: the bar `at` the pointer, else what a drag has taken so far, what filters, or all there is. */
export function lineOf({ mini, range, chosen }: MiniData, held: Range | null, at: number): string {
  if (mini === null) {
    return '';
  }
  if (mini.kind === 'class') {
    return at >= 0
      ? `${named(mini.names[at]!)}: ${count(mini.counts[at]!)}`
      : chosen.length > 0
        ? chosen.map(named).join(', ')
        : WORDS.kinds(mini.all);
  }
  const found = mini.histogram;
  if (found === null) {
    return '';
  }
  const shown = held ?? range;
  const half = mini.whole ? 0.5 : 0;
  if (shown === null && at >= 0) {
    const start = found.lo + at * found.width;
    const bar = half > 0 ? plain(start + half) : ends(start, start + found.width);
    return `${bar}: ${count(found.counts[at] ?? 0)}`;
  }
  const [lo, hi] = shown ?? [found.lo + half, found.hi - half];
  return ends(Math.max(lo, found.lo + half), Math.min(hi, found.hi - half));
}

/** The whole chart for those who do not see it. */
export function summary(name: string, { mini, range, chosen }: MiniData): string {
  if (mini?.kind === 'class') {
    const most = mini.counts.indexOf(Math.max(...mini.counts));
    const words = WORDS.classes(
      name,
      WORDS.kinds(mini.all),
      most < 0 ? WORDS.unknown : named(mini.names[most]!)
    );
    const all = mini.counts.reduce((a, b) => a + b, 0);
    const bars = mini.names.map((one, i) =>
      WORDS.bar(named(one), count(mini.counts[i]!), percent(mini.counts[i]! / (all || 1)))
    );
    return `${words}${chosen.length === 0 ? '' : WORDS.chosen(chosen.map(named).join(', '))}. ${bars.slice(0, 10).join('; ')}`;
  }
  const found = mini?.histogram ?? null;
  return found === null
    ? `${name}: ${WORDS.unknown}`
    : WORDS.number(name, plain(found.lo), plain(found.hi)) +
        (range === null ? '' : WORDS.filtered(plain(range[0]), plain(range[1])));
}
