/** The values of each class. Pure. */

import { named } from '../../format';
import type { Histogram } from '../../histogram';
import { UNKNOWN_CODE, type Points } from '../../points';
import { WORDS } from './words';

export const MOST_CLASSES = 12;

export interface Strip {
  readonly name: string;
  /** Classes that it stands for: one, or all others. */
  readonly classes: readonly string[];
  /** With a known value. */
  n: number;
  mean: number;
  /** Standard error of the mean; NaN for fewer than two points. */
  stderr: number;
  readonly all: Uint32Array;
  /** Of those that pass the filters. */
  readonly shown: Uint32Array;
}

/** The largest classes in the order of their list, and one strip for the others; bins are those of the histogram. */
export function strips(points: Points, histogram: Histogram, shown: ArrayLike<number>): Strip[] {
  const { label, value } = points;
  if (label?.kind !== 'class') {
    return [];
  }
  const { classes, codes } = label;
  const sizes = new Uint32Array(classes.length);
  codes.forEach((code) => (code < sizes.length ? (sizes[code]! += 1) : 0));
  const used = [...sizes.keys()].filter((code) => sizes[code]! > 0);
  const large = used.sort((a, b) => sizes[b]! - sizes[a]! || a - b);
  const own = large.slice(0, large.length > MOST_CLASSES ? MOST_CLASSES : large.length).sort((a, b) => a - b);
  const rest = large.filter((code) => !own.includes(code));
  const found = own.map((code) => make(named(classes[code]!), [classes[code]!], histogram));
  if (rest.length > 0) {
    const names = rest.map((code) => classes[code]!);
    found.push(make(WORDS.others(rest.length), names, histogram));
  }
  const place = new Int32Array(UNKNOWN_CODE + 1).fill(-1);
  own.forEach((code, i) => (place[code] = i));
  rest.forEach((code) => (place[code] = own.length));
  const squares = new Float64Array(found.length);
  for (let row = 0; row < points.n; row++) {
    const at = place[codes[row]!]!;
    const x = value[row]!;
    if (at >= 0 && x - x === 0) {
      const strip = found[at]!;
      const before = x - strip.mean;
      strip.n += 1;
      strip.mean += before / strip.n;
      squares[at]! += before * (x - strip.mean); // Welford
      const bin = Math.floor((x - histogram.lo) / histogram.width);
      const held = Math.min(strip.all.length - 1, Math.max(0, bin));
      strip.all[held]! += 1;
      strip.shown[held]! += shown[row]!;
    }
  }
  found.forEach((strip, i) => {
    strip.stderr = strip.n > 1 ? Math.sqrt(squares[i]! / (strip.n - 1) / strip.n) : NaN;
  });
  return found;
}

function make(name: string, classes: readonly string[], { counts }: Histogram): Strip {
  const bins = counts.length;
  return {
    name,
    classes,
    n: 0,
    mean: 0,
    stderr: NaN,
    all: new Uint32Array(bins),
    shown: new Uint32Array(bins),
  };
}
