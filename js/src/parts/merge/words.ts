/** What is said of a file of edits that somebody loads. */

import { count, many, percent } from '../../format';
import type { Preview } from './read';

const KINDS = ['label', 'drop', 'flag', 'comment'];

const MB = 1_000_000;

/** "3, 7, 12 and 4 more" */
function some(names: readonly string[], n: number): string {
  return names.join(', ') + (n > names.length ? ` and ${count(n - names.length)} more` : '');
}

export function total(p: Preview): number {
  return fresh(p) + p.here + p.missing + p.unfit + p.clashes;
}

/** Changes that nobody contradicts. */
export function fresh(p: Preview): number {
  return p.fresh.reduce((sum, n) => sum + n, 0);
}

export const WORDS = {
  open: 'Load…',
  openTip:
    'Merge a log of edits into this one, for example a colleague’s: a .jsonl file, or an export as JSON. ' +
    'You see first what it would change.',
  title: 'Edits from a file',
  reading: (name: string, share: number) => `Reading ${name}…${share > 0 ? ` ${percent(share)}` : ''}`,
  late: 'Python has not answered yet: it may be at work on a cell, or look through many points. It goes on by itself.',
  tooLarge: (name: string, bytes: number) =>
    `${name} has ${count(Math.ceil(bytes / MB))} MB; at most 20 MB are read here. ` +
    'Merge it in Python: panel.edits.merge(EditLog("edits.jsonl")).',
  binary: (name: string) =>
    `${name} is no text in UTF-8. Expected a log of edits (.jsonl), or its export as JSON.`,
  unreadable: (name: string, why: string) => `${name} could not be read: ${why}. Choose it again.`,
  summary: (p: Preview) => `${[p.name, p.authors].filter(Boolean).join(', ')}: ${many(total(p), 'change')}`,
  fresh(p: Preview): string {
    const kinds = KINDS.map((kind, i) => [p.fresh[i] ?? 0, kind] as const).filter(([n]) => n > 0);
    const [only] = kinds;
    if (only === undefined) {
      return 'nothing new';
    }
    return kinds.length === 1
      ? many(only[0], `new ${only[1]}`)
      : `${count(fresh(p))} new: ${kinds.map((kind) => many(...kind)).join(', ')}`;
  },
  here: (n: number) => `${count(n)} already here`,
  missing: (p: Preview) =>
    `${count(p.missing)} left out, of points that are not in these data: ${some(p.missingIds, p.missingPoints)}`,
  unfit: (p: Preview) =>
    `${count(p.unfit)} left out, of ${p.unfit === 1 ? 'point' : 'points'} ${some(p.unfitIds, p.unfit)}: ${p.why}`,
  classes: (p: Preview) =>
    `new labels, which no point has yet: ${some(p.classes, p.classes.length + p.moreClasses)}`,
  cut: 'The file ends within its last line, which is left out: it may have been cut off on its way.',
  clashes: (n: number) => `${count(n)} ${n === 1 ? 'differs' : 'differ'} from what is here`,
  ours: 'keep what is here',
  theirs: 'take what the file says',
  clash: (id: string, mine: string, theirs: string) => `point ${id}: ${mine} here, ${theirs} in the file`,
  more: (n: number) => `and ${count(n)} more`,
  merge: (n: number) => `Merge ${many(n, 'change')}`,
  mergeTip: 'One step in the history: u takes all of it back',
  merging: 'Merging…',
  merged: (n: number, name: string) =>
    n === 0 ? `Nothing in ${name} was new.` : `Merged ${many(n, 'change')}; undo takes them back.`,
  cancel: 'Cancel',
  close: 'Close',
};
