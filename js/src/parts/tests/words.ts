/** What the list of doubtful test points says. */

import { count, many, named, percent } from '../../format';
import type { Edits } from '../../wire';
import type { Doubt, Doubts } from './read';

export const WORDS = {
  name: 'tests',
  what: 'test point',
  history: 'History of the edits of test points',
  worth: 'loss',
  title: 'Test points',
  titleTip:
    'Test points can be wrong, too, and make good training points look harmful. Listed are those to which the valuation’s own model, fitted on the training points, gives another label, as most of their nearest training points do.',
  look: 'Look at test points',
  lookTip: 'Fits the model once on the training points as they are now, and asks it and the nearest of them',
  looking: 'Fitting the model…',
  again: 'Look again',
  hide: 'Hide',
  show: (doubted: number) => `Show ${count(doubted)}`,
  found: ({ model, doubted, asked, neighbours, why, list }: Doubts) =>
    [
      doubted === 0
        ? `None of ${many(asked, 'test point')} is doubtful to ${model}${neighbours > 0 ? ' and the nearest training points' : ''}.`
        : `${count(doubted)} of ${many(asked, 'test point')}: ${model} gives ${doubted === 1 ? 'it' : 'them'} another label${
            neighbours > 0 ? `, as do most of the ${count(neighbours)} nearest training points` : ''
          }. Some are only hard.`,
      list.length < doubted ? `The first ${count(list.length)} are listed.` : '',
      why === '' ? '' : `No neighbours were asked: ${why}.`,
    ]
      .filter(Boolean)
      .join(' '),
  says: ({ said, sure }: Doubt) => `model: ${named(said)}${sure === null ? '' : `, ${percent(sure)}`}`,
  agrees: 'model agrees',
  against: (share: number, of: number) => `${Math.round(share * of)}/${of} neighbours against`,
  /** The same in full. */
  why: ({ said, sure, own, against }: Doubt, of: number) =>
    [
      `The model gives it ${named(said)}${sure === null ? '' : ` with ${percent(sure)}`}${
        own === null ? '' : `, its own label with ${percent(own)}`
      }`,
      against === null
        ? ''
        : `${count(Math.round(against * of))} of the ${count(of)} nearest training points have another label`,
    ]
      .filter(Boolean)
      .join('; '),
  list: 'Doubtful test points',
  point: (id: string) => `Test point ${id}`,
  these: (n: number) => many(n, 'test point'),
  selected: (n: number) => `${count(n)} selected,`,
  clear: 'none',
  clearTip: 'Select none (Esc)',
  copy: 'Copy',
  copyTip: 'The selected points, or all that are listed, as a table for a spreadsheet (Ctrl C)',
  csv: 'CSV',
  csvTip: 'The selected points, or all that are listed, as a file. In Python: panel.test_selection',
  copied: (n: number) => `${many(n, 'row')} copied`,
  notCopied: 'The browser does not let this page copy.',
  selectTip: 'Space, Ctrl or Shift with a click select several',
  here: (n: number) => `keys edit ${n > 1 ? 'them' : 'it'}`,
  edits: ({ relabelled, flagged = 0, noted = 0 }: Edits) =>
    [
      relabelled > 0 ? `${count(relabelled)} relabelled` : '',
      flagged > 0 ? `${count(flagged)} flagged` : '',
      noted > 0 ? `${count(noted)} commented` : '',
    ]
      .filter(Boolean)
      .join(', ') || 'None edited yet.',
  kept: (path: string) => `kept in ${path}, apart from the edits of training points`,
  unmoved:
    'The values rest on the test labels as they came. For values with these edits, value again with panel.test_dataset().',
};
