/** Sentences for what is not there yet, and the keys of the panel. */

import { count, many, percent } from '../format';
import type { LiveWords } from '../live';
import { KEYS } from '../keys';
import type { Edits, Status } from '../wire';

export const WORDS: LiveWords = {
  keys: [
    ['t', 'test points or training points'],
    ['g', 'training points as rows or pictures'],
    ['← → ↑ ↓', 'move among the cards'],
    ['f c l 1…9 u', 'edit the test point or the training point: that of the list with the focus'],
    ...KEYS,
  ],
  tips: {
    start: 'Fit the model’s curvature and scan the training points',
    pause: 'Pause after the tile in work; nothing is lost',
    resume: 'Go on where it paused',
    stop: 'Stop for good; the numbers so far stay',
  },
};

/** Of the log of test points. */
export const OF_TESTS = {
  name: 'test_edits',
  what: 'test point',
  history: 'History of the edits of test points',
  title: 'Edits of test points',
  none: 'None yet. Test points can be wrong, too.',
  here: 'Keys edit this test point',
  elsewhere: 'Keys edit this training point',
  edited: ({ relabelled, flagged = 0, noted = 0 }: Edits) =>
    [
      `${count(relabelled)} relabelled`,
      flagged > 0 ? `${count(flagged)} flagged` : '',
      noted > 0 ? `${count(noted)} commented` : '',
    ]
      .filter(Boolean)
      .join(', '),
  kept: (path: string) => `kept in ${path}, apart from the edits of training points`,
};

/** What a share of disagreement says. */
export function disagreed(share: number): string | null {
  return Number.isFinite(share) ? `${percent(share)} of the training points’ influence hurts it` : null;
}

/** What is not as the edits would have it: in a few words, and in full. */
export function staleWords(edits: Edits, waiting: number, tests?: Edits): [short: string, long: string] {
  const own = edits.relabelled > 0 || edits.dropped > 0;
  const what = [
    edits.relabelled > 0 ? `${count(edits.relabelled)} relabelled` : '',
    edits.dropped > 0 ? `${count(edits.dropped)} dropped` : '',
  ].filter(Boolean);
  const theirs = tests?.relabelled ?? 0;
  const now = waiting > 0 ? `computing ${many(waiting, 'point')} anew…` : '';
  const short = [
    own ? `${what.join(', ')} · model trained before the edits` : '',
    theirs > 0 ? `${many(theirs, 'test point')} relabelled` : '',
    own || theirs > 0 ? now : '',
  ];
  const long = [
    edits.relabelled > 0 ? 'The numbers of relabelled points are those of their new labels.' : '',
    own ? 'The model, its curvature and the numbers of all other points are as they were trained.' : '',
    own ? 'To see the effect, train on panel.dataset() and make a new panel.' : '',
    theirs > 0
      ? 'The numbers of a relabelled test point are those of its new label; the columns of the training points rest on the test labels as they came. For others make a new panel with panel.test_dataset().'
      : '',
  ];
  return [short.filter(Boolean).join(' · '), long.filter(Boolean).join(' ')];
}

/** Why there are no influences of a chosen point. */
export function noAnswer(status: Status, known: boolean): string {
  if (known) {
    return 'Asking the kernel…';
  }
  switch (status.state) {
    case 'pending':
      return 'No influences yet: press Start.';
    case 'running':
      return 'Fitting the curvature; influences come as soon as it is known.';
    case 'paused':
      return 'Paused before the influences were known.';
    case 'failed':
      return 'The run failed before the influences were known.';
    case 'stopped':
    case 'finished':
      return 'The run ended before the influences were known.';
  }
}
