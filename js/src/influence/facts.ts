/** What the card of a training point says of its numbers: loss, self-influence and quantile next to each other. */

import { count, percent, plain, UNKNOWN } from '../format';
import type { Ranks } from '../columns';
import type { Fact, PointData } from '../views/point';
import { HURT, LOSS, LOSS_RANK, MEAN, QUANTILE_ALL, SELF, SELF_RANK, type Both } from './points';

export function factsOf(both: Both, { row }: Pick<PointData, 'row'>): Fact[] {
  const { train, test } = both;
  const of = (feature: number): number => train.features[feature]!.values[row]!;
  const hurt = of(HURT);
  const waits = both.head.waiting.includes(row);
  return [
    ...(Number.isFinite(hurt)
      ? [['hurts', `${count(hurt)} of ${count(test.n)} test points`, ''] as const]
      : []),
    ...(waits ? [['new label', 'its numbers are being computed anew', 'accent'] as const] : []),
  ];
}

export function number(x: number): string {
  return Number.isFinite(x) ? plain(x, 3) : UNKNOWN;
}

/** As short as three numbers in a row on a small card must be: two digits, three decimals, no zero before the point. */
export function brief(x: number): string {
  if (!Number.isFinite(x) || x === 0 || Math.abs(x) >= 0.01) {
    return plain(x, 2).replace(/^(\u2212?)0\./, '$1.');
  }
  return Math.abs(x) < 0.0005 ? '~0' : `${x < 0 ? '\u2212' : ''}${Math.abs(x).toFixed(3).slice(1)}`;
}

/** The numbers that say whether a training point is to be doubted, each with its place among all. */
export interface Tile {
  readonly name: string;
  readonly tip: string;
  readonly value: number;
  /** 1 is the most suspicious; NaN where nothing is known. */
  readonly rank: number;
  readonly end: 'lowest' | 'highest';
}

export function tilesOf(both: Both, ranks: Ranks, row: number): Tile[] {
  const { train, quantile } = both;
  const of = (feature: number): number => train.features[feature]!.values[row]!;
  const share = percent(quantile);
  const all = Number.isFinite(of(QUANTILE_ALL))
    ? ` Over all labels: ${number(of(QUANTILE_ALL))}; mean: ${number(of(MEAN))}.`
    : '';
  return [
    {
      name: 'quantile',
      tip: `The ${share} quantile of its influences on the test points of its own label.${all}`,
      value: train.value[row]!,
      rank: ranks.rank[row]! || NaN,
      end: 'lowest',
    },
    { name: 'loss', tip: 'Loss of the point itself', value: of(LOSS), rank: of(LOSS_RANK), end: 'highest' },
    {
      name: 'self-influence',
      tip: 'How much the point changes its own loss',
      value: of(SELF),
      rank: of(SELF_RANK),
      end: 'highest',
    },
  ];
}

/** "lowest", "2nd lowest", "13th lowest". */
export function ordinal(rank: number, end: string): string {
  if (!(rank > 0)) {
    return UNKNOWN;
  }
  if (rank === 1) {
    return end;
  }
  const teen = rank % 100 > 10 && rank % 100 < 14;
  const suffix = teen ? 'th' : (['th', 'st', 'nd', 'rd'][rank % 10] ?? 'th');
  return `${count(rank)}${suffix} ${end}`;
}
