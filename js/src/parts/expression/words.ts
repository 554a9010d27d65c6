/** What the field of expressions says. */

/** What a panel says before the language is here. */
export const enum AtRest {
  field = 'Filter by an expression',
  tip = 'and, or, not, ( ), ==, !=, <, <=, >, >=, in, contains; names of columns, in backquotes where they have spaces; texts in quotes',
}
export const unread = (failed: boolean): string =>
  failed
    ? 'Filters nothing: what reads expressions could not be loaded; try again, or reload the page'
    : 'Filters nothing yet: what reads expressions comes in a moment';

/** Apart from the other words, which come with the language. */
export const example = (condition: string): string => `value < 0 and ${condition}`;
export const idleWords = (why: string): string => `Filters nothing now: ${why}`;

/** Texts without blanks to fill in: bundled, each stands where it is used. */
export const enum Say {
  options = 'Completions',
  list = 'in wants a list, e.g. ("a", "b").',
}

export const WORDS = {
  strange: (sign: string) => `${sign} has no meaning here.`,
  instead: (sign: string, meant: string) => `Write ${meant} instead of ${sign}.`,
  open: (quote: string) =>
    `The ${quote === '`' ? 'name' : 'text'} that begins here is not closed: ${quote} is missing.`,
  nothing: 'Something is missing here: a column, a number or a text in quotes.',
  comparison: 'A comparison is missing here, e.g. < 0 or == "a".',
  more: (found: string) => `${found} is too much here: write "and" or "or" between two conditions.`,
  close: 'A ) is missing.',
  item: 'A number or a text in quotes is missing here.',
  noColumn: (name: string, near: string | null) =>
    near === null ? `There is no column ${name}.` : `There is no column ${name}; did you mean ${near}?`,
  noClass: (name: string, near: string | null) =>
    near === null ? `There is no class ${name}.` : `There is no class ${name}; did you mean ${near}?`,
  mark: (name: string) => `${name} holds or does not: write ${name}, or not ${name}.`,
  order: (name: string) => `${name} holds classes, which have no order: use ==, != or in.`,
  textOrder: (name: string) => `${name} holds texts, which have no order here: use ==, !=, in or contains.`,
  wantsNumber: (name: string) => `${name} holds numbers: compare it with a number.`,
  wantsText: (name: string, example: string) =>
    `${name} holds ${example === '' ? 'texts' : 'classes'}: compare it with one in quotes${example === '' ? '' : `, e.g. ${example}`}.`,
  noContains: (name: string) => `contains looks into texts and classes; ${name} holds numbers.`,
  unlike: (a: string, b: string) => `${a} and ${b} hold different things and cannot be compared.`,
  constants: 'Neither side of this comparison is a column.',
  kinds: { number: 'numbers', class: 'classes', text: 'texts', mark: 'yes or no' },
};

/** Of a feature that an expression names. */
export const coming = (name: string): string => `${name} is being fetched…`;
