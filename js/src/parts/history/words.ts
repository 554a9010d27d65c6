/** What the history of edits says. */

import { count, many } from '../../format';

const DID: Record<string, readonly [string, string]> = {
  relabel: ['relabelled', ''],
  drop: ['dropped', ''],
  restore: ['took back', ' into the data'],
  flag: ['flagged', ''],
  unflag: ['took the flag off', ''],
  note: ['commented on', ''],
  merge: ['merged edits of', ''],
};

export const WORDS = {
  none: 'Nothing was edited yet.',
  undone: 'taken back',
  back: 'Back to here',
  start: 'Back to the beginning',
  older: 'Older edits',
  empty: 'none',
  exportAs: 'Export as',
  copy: 'Copy',
  download: 'Download',
  copied: 'Copied.',
  notCopied: 'The browser lets nothing be copied; take it from here:',
  unknownForm: 'The edits came in a form that this page does not know. Reload the page.',
  did: (op: string, n: number) => {
    const [verb, rest] = DID[op] ?? [op, ''];
    return `${verb} ${many(n, 'point')}${rest}`;
  },
  backTip: (n: number) => `Take back the ${many(n, 'edit')} made after this one`,
  startTip: (n: number) => `Take back ${n === 1 ? 'the edit' : `all ${count(n)} edits`}`,
  more: (n: number) => `and ${many(n, 'more point', 'more points')}`,
  point: (id: string) => `point ${id}`,
  then: (worth: string, number: string) => `${worth} then ${number}`,
  yes: { dropped: 'dropped', flag: 'flagged' } as Record<string, string>,
  no: { dropped: 'kept', flag: 'not flagged' } as Record<string, string>,
  forms: { code: 'Python cell', csv: 'CSV', json: 'JSON' } as Record<string, string>,
};
