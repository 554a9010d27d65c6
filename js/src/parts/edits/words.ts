/** What the edits beyond labels and drops say. */

import { count, many, percent } from '../../format';

/** Of how many selected points it is said; nothing where it is said of all. */
function inThe(among: number): string {
  return among > 0 ? ` in the ${many(among, 'selected point')}` : '';
}

const ASKED = { note: 'Comment on', label: 'Label of', number: 'Target of' };

/** Texts without blanks to fill in: bundled, each stands where it is used. */
export const enum Say {
  flag = 'Flag',
  unflag = 'Unflag',
  flagTip = 'Mark to be looked at again; it stays in the data (f)',
  flagged = 'Flagged to be looked at again; 1 where a point is',
  note = 'Comment',
  noteTip = 'Write a comment (c)',
  noteColumn = 'Comment on the point, kept in the log of edits',
  acceptTip = 'Give the point the label that the model suggests (a)',
  suggestions = 'Suggestions',
  sure = 'at least',
  sheet = 'history of edits',
  acceptNote = 'One step, undone by u. What you relabelled or dropped is left alone.',
  whyOne = 'suggestion accepted',
  noteHint = 'Enter or leaving saves, empty removes it, Esc cancels',
  draftHint = 'Not saved yet when the page was left',
  labelHint = 'Type part of a name; Enter takes the marked one, Esc cancels',
  numberHint = 'Enter saves, Esc cancels',
  notNumber = 'That is no number. Write one as 1234.5',
  save = 'Save',
  cancel = 'Cancel',
  history = 'History',
  historyTip = 'Every edit: what, when, who and why (h)',
  historyTitle = 'History of edits',
  loading = 'Reading the log…',
  worth = 'value',
  close = 'Close',
}

export const WORDS = {
  noted: (note: string) => `comment: ${note}`,
  accept: (name: string, p: number) => `Take “${name}”${Number.isFinite(p) ? ` (${percent(p)})` : ''}`,
  acceptMany: (n: number) => `Take ${many(n, 'suggestion')}`,
  sureTip: 'How sure the model is of the suggested label, out-of-fold',
  acceptAll: (n: number, p: number, among: number) =>
    `Accept ${n === 1 ? 'the 1 suggestion' : `all ${count(n)} suggestions`} of ${percent(p)} and more${inThe(among)}`,
  acceptNone: (p: number, among: number) => `No suggestion${inThe(among)} is ${percent(p)} sure`,
  acceptNothing: (among: number) => `Nothing is left to accept${inThe(among)}`,
  also: (flagged: number, noted: number) =>
    [flagged > 0 ? `${count(flagged)} flagged` : '', noted > 0 ? `${count(noted)} commented` : '']
      .filter(Boolean)
      .join(', '),
  why: (p: number) => `suggestion accepted, ${percent(p, ' ')} and more`,
  /** `ids`: of the first of `n` points. */
  prompt: (kind: keyof typeof ASKED, n: number, what: string, ids: readonly string[]) =>
    `${ASKED[kind]} ${n === 1 ? what : `${many(n, what)}:`} ${ids.join(', ')}${n > ids.length ? ', …' : ''}`,
  reason: 'why (optional)',
  newClass: (name: string) => `new label “${name}”`,
  yes: { dropped: 'dropped', flag: 'flagged' } as Record<string, string>,
};

export const KEYS: readonly (readonly [string, string])[] = [
  ['f', 'flag, or take the flag off'],
  ['c', 'comment'],
  ['l', 'label: type its name'],
  ['a', 'take the suggested label'],
  ['h', 'history of edits'],
];
