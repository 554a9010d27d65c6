/**
 * Text from data, made fit to be read: nothing in it hides, or turns the text around it. Pure.
 *
 * Mirror of `dvlwidgets/data/shown.py`; both sides read `tests/shown/cases.json`.
 */

import { moreMarks } from './words';

/** Control, format, private and unassigned characters, halves of characters, separators of lines, blank letters. */
const HIDDEN = String.raw`\u115f\u1160\u3164\uffa0\p{C}\u034f\p{Zl}\u17b4\p{Zp}\u17b5`;
const ODD = new RegExp(`[${HIDDEN}]`, 'gu');
/** What a joiner may stand between: it shapes Persian, Indic scripts and emoji. */
const SHAPED = String.raw`[^\0-\x7f${HIDDEN}]`;
const BEFORE = new RegExp(`${SHAPED}$`, 'u');
const AFTER = new RegExp(`^${SHAPED}`, 'u');
/** More accents on one letter than any script needs. */
const MARKS = /([\p{Mn}\p{Me}]{6})([\p{Mn}\p{Me}]+)/gu;

/** `lines`: let line ends and tabs pass. */
export function shown(text: string, lines = false): string {
  if (/^[ -~]*$/.test(text)) {
    return text;
  }
  const few = (lines ? text.replace(/\r\n/g, '\n') : text).replace(
    MARKS,
    (_, some: string, more: string) => some + moreMarks(Array.from(more).length)
  );
  return few.replace(ODD, (letter, at: number) =>
    (lines && /[\n\t]/.test(letter)) ||
    (/[\u200c\u200d]/.test(letter) &&
      BEFORE.test(few.slice(Math.max(0, at - 2), at)) &&
      AFTER.test(few.slice(at + 1, at + 3)))
      ? letter
      : escaped(letter)
  );
}

function escaped(letter: string): string {
  const code = letter.codePointAt(0)!;
  const [mark, digits]: [string, number] = code < 0x100 ? ['x', 2] : code < 0x10000 ? ['u', 4] : ['U', 8];
  return `\\${mark}${code.toString(16).padStart(digits, '0')}`;
}
