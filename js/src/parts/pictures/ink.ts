/** Colours of the pictures, from the panel's variables: a canvas knows no style sheet. */

import { h } from '../../dom';

export type Rgb = readonly [red: number, green: number, blue: number];

export const LEVELS = 4;
/** Class of a point whose value is not known, or where there is no threshold. */
export const NEUTRAL = 2 * LEVELS;

export interface Ink {
  readonly bg: Rgb;
  readonly accent: Rgb;
  readonly whisker: Rgb;
  /** By `levelOf`. */
  readonly levels: readonly Rgb[];
}

/** "rgb(1, 2, 3)" or "color(srgb 0.1 0.2 0.3)", as browsers compute colours; grey for what is neither. */
export function parse(colour: string): Rgb {
  const [r, g, b] = colour.match(/-?[\d.]+(e-?\d+)?/g)?.map(Number) ?? [];
  const unit = colour.startsWith('color(') ? 255 : 1;
  return b === undefined ? [128, 128, 128] : [r! * unit, g! * unit, b * unit];
}

export function hex(colour: Rgb): string {
  const byte = (x: number): string =>
    Math.min(255, Math.max(0, Math.round(x)))
      .toString(16)
      .padStart(2, '0');
  return `#${colour.map(byte).join('')}`;
}

function mix(a: Rgb, b: Rgb, share: number): Rgb {
  return [0, 1, 2].map((i) => a[i]! + (b[i]! - a[i]!) * share) as unknown as Rgb;
}

const held = new WeakMap<HTMLElement, { theme: string; at: number; ink: Ink }>();
/** Colours are looked up this often at most (ms): each time it is, styles are computed amid the frame. */
const KEPT = 1000;

/** `beside`: an element of the panel. */
export function inkOf(beside: HTMLElement): Ink {
  const theme = beside.closest('.panel')?.getAttribute('data-theme') ?? '';
  const now = performance.now();
  const had = held.get(beside);
  const ink = had?.theme === theme && now - had.at < KEPT ? had.ink : lookUp(beside);
  if (ink !== had?.ink) {
    held.set(beside, { theme, at: now, ink });
  }
  return ink;
}

function lookUp(beside: HTMLElement): Ink {
  const names = ['--bg', '--help', '--hurt', '--accent', '--whisker', '--neutral'];
  const probe = h('div', {}, ...names.map((name) => h('i', { style: `color: var(${name})` })));
  probe.style.setProperty('forced-color-adjust', 'none'); // else every colour is that of words
  beside.append(probe);
  const read = [...probe.children].map((one) => parse(getComputedStyle(one).color)); // styles are computed once
  probe.remove();
  const [bg, help, hurt, accent, whisker, neutral] = read as [Rgb, Rgb, Rgb, Rgb, Rgb, Rgb];
  const shades = (full: Rgb): Rgb[] =>
    Array.from({ length: LEVELS }, (_, i) => mix(bg, full, 0.4 + (0.6 * i) / (LEVELS - 1)));
  return { bg, accent, whisker, levels: [...shades(hurt), ...shades(help), mix(bg, neutral, 0.9)] };
}

/** The colour of a value: its side of the threshold, and how far from it compared with `reach`. */
export function levelOf(value: number, threshold: number | null, reach: number): number {
  if (threshold === null || Number.isNaN(value)) {
    return NEUTRAL;
  }
  const far = Math.abs(value - threshold) / (reach || 1);
  return (value < threshold ? 0 : LEVELS) + Math.min(LEVELS - 1, Math.floor(far * LEVELS));
}

/** Far from the threshold is where nine tenths of the values are not. */
export function reachOf(rows: Uint32Array, value: ArrayLike<number>, threshold: number | null): number {
  const at = (share: number): number =>
    Math.abs(value[rows[Math.floor(share * (rows.length - 1))]!]! - (threshold ?? 0));
  return rows.length === 0 ? 1 : Math.max(at(0.05), at(0.95));
}
