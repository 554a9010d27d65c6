/** What the card of a point's surroundings says. */

import { count, many, minus, plain } from '../../format';
import type { Effects } from './read';

/** Squared errors of large targets are large: three digits of them, in groups. */
export function worthOf(x: number): string {
  return Math.abs(x) < 1000 ? plain(x, 2) : minus(count(Number(x.toPrecision(3))));
}

export const WORDS = {
  name: 'around',
  near: 'Nearest training points',
  nearTip:
    'Those with the smallest distance: by the metric of a model of neighbours, else over standardised features. Dropped points are left out.',
  others: (others: number, of: number) =>
    others === 0 ? `same label, all ${count(of)}` : `${count(others)} of ${count(of)} labelled otherwise`,
  go: (id: string, label: string) => `Point ${id}${label === '' ? '' : `, labelled ${label}`}: look at it`,
  hurts: 'Test points it hurts most',
  hurtsTip: ({ k, asked, of, numeric }: Effects) =>
    `As one of their ${many(k, 'nearest neighbour')}, by exact KNN-Shapley: what the point adds to ${
      numeric ? 'minus the squared error of their mean' : 'the share of them with the right label'
    }, as the labels are now.${asked < of ? ` Of ${count(of)} test points ${count(asked)} were drawn and asked.` : ''}`,
  said: ({ hurt, helped, asked }: Effects) =>
    `hurts ${count(hurt)}, helps ${count(helped)} of ${many(asked, 'test point')}`,
  none: ({ asked }: Effects) => `None of ${many(asked, 'test point')}.`,
  one: (id: string, label: string, worth: number) => `Test point ${id}, labelled ${label}: ${worthOf(worth)}`,
  rank: ({ mean, rank, points }: Effects) =>
    `KNN-Shapley ${worthOf(mean)}, rank ${count(rank)} of ${count(points)}`,
  rankTip: ({ numeric }: Effects) =>
    `The mean over these test points${numeric ? ', of minus the squared error' : ''}: another opinion on the point, which no model of yours was fitted for. Rank 1 is the lowest.`,
};
