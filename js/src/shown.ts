/**
 * Text from data, made fit to be read: nothing in it hides, or turns the text around it. Pure.
 *
 * Mirror of `dvlwidgets/data/shown.py`; both sides read `tests/shown/cases.json`.
 */

/** Control, format, private and unassigned characters, halves of characters, and separators of lines. */
const ODD = /[\p{C}\p{Zl}\p{Zp}]/gu;
/** What a joiner may stand between: it shapes Persian, Indic scripts and emoji. */
const BEFORE = /[^\0-\x7f\p{C}\p{Zl}\p{Zp}]$/u;
const AFTER = /^[^\0-\x7f\p{C}\p{Zl}\p{Zp}]/u;
/** More accents on one letter than any script needs. */
const MARKS = /([\p{Mn}\p{Me}]{6})([\p{Mn}\p{Me}]+)/gu;

/** `lines`: let line ends and tabs pass. */
export function shown(text: string, lines = false): string {
  if (/^[ -~]*$/.test(text)) {
    return text;
  }
  const few = (lines ? text.replace(/\r\n/g, '\n') : text).replace(
    MARKS,
    (_, some: string, more: string) => `${some}[${Array.from(more).length} more marks]`
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
