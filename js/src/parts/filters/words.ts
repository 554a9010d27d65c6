/** What chips of filters say. */

import { Say } from '../../words';

export const KEYS = [['/', 'filter by an expression']] as const;

export const WORDS = {
  remove: (filter: string) => `Remove the filter ${filter}`,
  clear: 'Clear filters',
  clearTip: 'Remove all filters',
  foldTip: 'Show or hide the fields of the filters',
  fold: (n: number) => (n === 0 ? Say.filters : `${Say.filters}, ${n} on`),
  atLeast: (name: string, lo: string) => `${name} \u2265 ${lo}`,
  atMost: (name: string, hi: string) => `${name} \u2264 ${hi}`,
  range: (name: string, lo: string, hi: string) => `${name} ${lo} to ${hi}`,
  classes: (name: string, names: string) => `${name}: ${names}`,
  others: (names: string, more: number) => `${names} and ${more} more`,
};
