/** What the printed page says of itself. */

import { count } from '../../format';

export const WORDS = {
  rows: (from: number, to: number, n: number) =>
    `Rows ${count(from)} to ${count(to)} of ${count(n)} are on this page. `,
  columns: (names: readonly string[]) =>
    `Columns that may be cut off: ${names.join(', ')}. Export has all of them.`,
};
