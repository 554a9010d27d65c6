/** Sentences for what is not there yet, and the keys of the panel. */

import type { LiveWords } from '../live';
import { KEYS } from '../keys';
import type { Status } from '../wire';

export const WORDS: LiveWords = {
  keys: [
    ['t', 'test points or training points'],
    ['g', 'training points as rows or pictures'],
    ['← → ↑ ↓', 'move among the cards'],
    ...KEYS,
  ],
  tips: {
    start: 'Fit the model’s curvature and scan the training points',
    pause: 'Pause after the tile in work; nothing is lost',
    resume: 'Go on where it paused',
    stop: 'Stop for good; the numbers so far stay',
  },
};

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
