/** Numbers and times as a person reads them. Pure. */

const MINUS = '\u2212';
const FIGURE_SPACE = '\u2007';
const POINT_SPACE = '\u2008';
export const UNKNOWN = '\u2014';

const grouped = new Intl.NumberFormat('en-US');

/** The name of a class; in quotes, as in an expression, where it would look like another one, or like none. */
export function named(name: string): string {
  return /^$|^ | $| {2}/.test(name) ? `"${name.replace(/ /g, '\u00a0')}"` : name;
}

export function count(n: number): string {
  return grouped.format(n);
}

/** "1 point", "2 points". */
export function many(n: number, one: string, more = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : more}`;
}

/** The number, or the end that it is beyond. */
export function within(lo: number, x: number, hi: number): number {
  return Math.min(hi, Math.max(lo, x));
}

/**
 * What somebody typed as a number; NaN where it is none.
 *
 * A comma stands for the point, but not where it may part thousands: nobody's 1,234 becomes 1.234. The minus may be ours.
 */
export function typed(text: string): number {
  const plain = text.trim().replace(MINUS, '-');
  return plain === '' ? NaN : Number(/^-?[1-9]\d{0,2},\d{3}$/.test(plain) ? plain : plain.replace(',', '.'));
}

/** The space before the sign never breaks a line; `space`: a plain one, for what leaves the panel. */
export function percent(share: number, space = '\u00a0'): string {
  return `${Math.floor(share * 100 + 1e-9)}${space}%`;
}

/** A sentence of Python, so that no line begins with a sign of percent. */
export const unbroken = (words: string): string => words.replaceAll(' %', '\u00a0%');

/** Time left or spent: "21 s", "4 min 10 s", "2 h 5 min". */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 1) {
    return 'under 1 s';
  }
  if (s < 60) {
    return `${s} s`;
  }
  const minutes = Math.floor(s / 60);
  if (minutes < 60) {
    return minutes < 10 && s % 60 > 0 ? `${minutes} min ${s % 60} s` : `${minutes} min`;
  }
  return minutes % 60 > 0 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
}

/**
 * How many decimals a standard error supports: down to its first digit, one more when that is a 1.
 *
 * Negative for errors of tens and more; null when the error is unknown or 0 and so says nothing.
 */
export function decimalsFor(stderr: number): number | null {
  if (!Number.isFinite(stderr) || stderr <= 0) {
    return null;
  }
  const exponent = Math.floor(Math.log10(stderr) + 1e-12);
  const leading = Math.floor(stderr / 10 ** exponent + 1e-9);
  return -exponent + (leading === 1 ? 1 : 0);
}

/** A value with no more digits than its standard error supports, and with three where that is unknown or 0. */
export function value(x: number, stderr: number): string {
  if (!Number.isFinite(x)) {
    return UNKNOWN;
  }
  const decimals = decimalsFor(stderr) ?? significant(x, 3);
  return fixed(x, decimals);
}

export function error(stderr: number): string {
  if (!Number.isFinite(stderr)) {
    return UNKNOWN;
  }
  return fixed(stderr, decimalsFor(stderr) ?? 0);
}

/** Any other number, at most `digits` significant digits: features, targets, axis ends. */
export function plain(x: number, digits = 4): string {
  if (!Number.isFinite(x)) {
    return UNKNOWN;
  }
  if (Number.isInteger(x) && Math.abs(x) < 1e6) {
    return minus(String(x));
  }
  const decimals = significant(x, digits);
  return Math.abs(x) >= 1e8
    ? minus(Number(x.toPrecision(digits)).toExponential())
    : decimals > 6
      ? fixed(x, decimals)
      : minus(String(Number(x.toFixed(Math.max(0, decimals)))));
}

/**
 * A number with so many decimals; very large and very small ones keep four digits instead.
 *
 * `decimals`: Infinity gives each number three digits of its own.
 */
export function decimal(x: number, decimals: number): string {
  if (!Number.isFinite(x)) {
    return UNKNOWN;
  }
  return decimals > 6
    ? plain(x, 3)
    : Math.abs(x) >= 1e7 || (x !== 0 && Math.abs(x) < 1e-6)
      ? plain(x)
      : fixed(x, decimals);
}

/** Pads after the decimals so that points stand below each other in right-aligned tabular figures. */
export function aligned(shown: string, decimals: number): string {
  if (shown === UNKNOWN || shown.includes('e')) {
    return shown;
  }
  const point = shown.indexOf('.');
  const has = point < 0 ? 0 : shown.length - point - 1;
  const missing = Math.max(0, decimals - has);
  return shown + (point < 0 && missing > 0 ? POINT_SPACE : '') + FIGURE_SPACE.repeat(missing);
}

function significant(x: number, digits: number): number {
  return x === 0 ? 0 : digits - 1 - Math.floor(Math.log10(Math.abs(x)) + 1e-12);
}

function fixed(x: number, decimals: number): string {
  if (decimals > 6 || decimals < -6) {
    const rounded = Number(x.toFixed(within(0, decimals, 100)));
    const exponent = rounded === 0 ? 0 : Math.floor(Math.log10(Math.abs(rounded)));
    return rounded === 0 ? '0' : minus(rounded.toExponential(within(0, exponent + decimals, 6)));
  }
  const scale = 10 ** Math.max(0, -decimals);
  const shown = decimals > 0 ? x.toFixed(decimals) : (Math.round(x / scale) * scale).toFixed(0);
  return minus(/^-0(\.0*)?$/.test(shown) ? shown.slice(1) : shown);
}

export function minus(text: string): string {
  return text.replace(/-/g, MINUS);
}
