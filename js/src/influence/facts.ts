/** What the card of a training point says of its numbers: loss, self-influence and quantile next to each other. */

import { percent, plain, UNKNOWN } from '../format';
import type { Ranks } from '../columns';
import type { Fact, PointData } from '../views/point';
import { hurtsTests, Say, tileAllTip, tileQuantileTip } from './words';
import { HURT, LOSS, LOSS_RANK, MEAN, QUANTILE_ALL, SELF, SELF_RANK, type Both } from './points';

export function factsOf(both: Both, { row }: Pick<PointData, 'row'>): Fact[] {
  const { train, test } = both;
  const of = (feature: number): number => train.features[feature]!.values[row]!;
  const hurt = of(HURT);
  const waits = both.head.waiting.includes(row);
  return [
    ...(Number.isFinite(hurt) ? [[Say.hurts, hurtsTests(hurt, test.n), ''] as const] : []),
    ...(waits ? [[Say.newLabel, Say.numbersAnew, 'accent'] as const] : []),
  ];
}

export function number(x: number): string {
  return Number.isFinite(x) ? plain(x, 3) : UNKNOWN;
}

/** As short as three numbers in a row on a small card must be: two digits, three decimals, no zero before the point. */
export function brief(x: number): string {
  const size = Math.abs(x);
  if (size >= 1e4 && size < 1e9) {
    return size < 1e6 ? `${plain(x / 1e3, 2)}k` : `${plain(x / 1e6, 2)}M`;
  }
  if (!Number.isFinite(x) || x === 0 || size >= 0.01) {
    return plain(x, 2).replace(/^(\u2212?)0\./, '$1.');
  }
  return size < 0.0005 ? '~0' : `${x < 0 ? '\u2212' : ''}${size.toFixed(3).slice(1)}`;
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
  const all = Number.isFinite(of(QUANTILE_ALL)) ? tileAllTip(number(of(QUANTILE_ALL)), number(of(MEAN))) : '';
  return [
    {
      name: Say.quantile,
      tip: `${tileQuantileTip(share)}${all}`,
      value: train.value[row]!,
      rank: ranks.rank[row]! || NaN,
      end: 'lowest',
    },
    { name: Say.loss, tip: Say.tileLossTip, value: of(LOSS), rank: of(LOSS_RANK), end: 'highest' },
    {
      name: Say.selfInfluence,
      tip: Say.tileSelfTip,
      value: of(SELF),
      rank: of(SELF_RANK),
      end: 'highest',
    },
  ];
}
