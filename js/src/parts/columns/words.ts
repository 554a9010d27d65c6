/** What columns, their headers and their menu say. */

import { many } from '../../format';

/** Texts without blanks to fill in: bundled, each stands where it is used. */
export const enum Told {
  resize = 'Drag to change the width; a double click takes it back',
  converged = 'converged',
  convergedTip = 'Whether the stopping rule calls the value certain',
  yes = 'yes',
  no = 'no',
  numberHelp = 'Drag to filter; a click takes the filter away. Arrow keys move the upper end, with Shift the lower one.',
  classHelp = 'Click to filter by a class, with Ctrl by several. Arrow keys choose, Space filters.',
}

/** Of the headers and the cells. */
export const WORDS = {
  number: (name: string, lo: string, hi: string) => `${name}: from ${lo} to ${hi}`,
  filtered: (lo: string, hi: string) => `, filtered to ${lo} to ${hi}`,
  classes: (name: string, n: string, most: string) => `${name}: ${n}, most often ${most}`,
  chosen: (names: string) => `, filtered to ${names}`,
  bar: (name: string, n: string, share: string) => `${name}: ${n} (${share})`,
  unknown: 'nothing known yet',
  kinds: (n: number) => many(n, 'class', 'classes'),
};

/** Of the menu, which comes later than the table. */
export const MENU = {
  title: 'Columns',
  find: 'Find a column',
  pin: 'Pin',
  unpin: 'Unpin',
  earlier: 'Move left',
  later: 'Move right',
  narrower: 'Narrower',
  wider: 'Wider',
  reset: 'As they were',
  copy: 'Copy rows',
  copyTip: 'The selected rows, or the one in focus, as a table for a spreadsheet (Ctrl C)',
  close: 'Close',
  more: (n: string) => `${n} more; type to find them`,
  copied: (n: number) => `${n === 1 ? '1 row' : `${n} rows`} copied`,
  notCopied: 'The browser did not let rows be copied.',
  suggest: 'Suggest labels',
  suggestTip: 'Fits the model five times on four fifths of the points, and asks it about the others',
  suggesting: 'Suggesting labels …',
  suggestAgain: 'Suggest again',
  notSuggested: (why: string) => `No labels could be suggested: ${why}`,
  feature: (name: string) => `Feature ${name}, as the data set holds it`,
};

/** Listed in the help. */
export const KEYS: readonly (readonly [string, string])[] = [
  ['← →', 'from cell to cell of the row'],
  ['Enter F2', 'on the label: edit it'],
  ['Ctrl C', 'copy the rows as a table'],
];
