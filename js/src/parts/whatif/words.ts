/** What the card "Drop the lowest?" says. */

import { count, duration, many, plain, value } from '../../format';
import type { Curve, Gain, MetricCurve } from './read';

/** "+0.021 ± 0.008"; ± is one standard error. */
export function gained(of: Gain, at: number): string {
  const [gain, error] = [of.gain[at]!, of.gainError[at]!];
  if (gain === 0 && !(error > 0)) {
    return 'no difference';
  }
  return `${gain > 0 ? '+' : ''}${value(gain, error)}${error > 0 ? ` ± ${value(error, error)}` : ''}`;
}

export function scored(of: Gain, at: number): string {
  const [score, error] = [of.score[at]!, of.error[at]!];
  return `${value(score, error)}${error > 0 ? ` ± ${value(error, error)}` : ''}`;
}

const share = (curve: Curve, at: number): string => `${plain(curve.shares[at]!)}\u00a0%`;
const names = (list: readonly string[]): string =>
  list.length < 2 ? list.join() : `${list.slice(0, -1).join(', ')} and ${list.at(-1)}`;

export const WORDS = {
  title: 'Drop the lowest?',
  titleTip: 'The score of the model when it is fitted again without its lowest points',
  what: 'What if\u2026',
  again: 'Refit',
  whatTip: 'Fits the model again without the lowest 0 to 20 %, ten times, beside random removal',
  cancel: 'Cancel',
  metric: 'Metric',
  first: (model: string) =>
    `Fits ${model} again without its lowest 0 to 20\u00a0%, with ten seeds, beside random removal and with your edits.`,
  begins: 'Begins\u2026',
  progress: (curve: Curve) =>
    `${count(curve.done)} of ${count(curve.total)} fits` +
    (curve.left === null || curve.state !== 'running' ? '' : ` · ${duration(curve.left)} left`),
  cancelled: 'cancelled after ',
  none: '0',
  most: (curve: Curve) => `${share(curve, curve.shares.length - 1)} dropped`,
  legend: (seeds: number) =>
    `Band: ± one standard error, ${many(seeds, 'seed')} (refitted, test points resampled). Dashed: random removal.`,
  all: (metric: MetricCurve) => `With all points ${scored(metric.lowest, 0)}.`,
  drop: (curve: Curve, at: number) => `drop ${share(curve, at)}`,
  best(curve: Curve, metric: MetricCurve, at: number): string {
    const both = `${gained(metric.lowest, at)}, at random ${gained(metric.random, at)}`;
    return curve.heldOut
      ? `Drop the lowest ${share(curve, at)} (${many(curve.counts[at]!, 'point')}): ${both}.`
      : `Highest without the lowest ${share(curve, at)}: ${both}.`;
  },
  noGain: (certain: number) =>
    `No gain of more than ${plain(certain)} standard errors: nothing speaks for dropping.`,
  agree: (agree: readonly string[], differ: readonly string[]) =>
    [
      agree.length > 0 && `${names(agree)} ${agree.length > 1 ? 'agree' : 'agrees'}.`,
      differ.length > 0 && `No sure gain there for ${names(differ)}.`,
    ]
      .filter(Boolean)
      .join(' '),
  edits: (n: number, of: Gain) =>
    `With your edits (${many(n, 'point')}; dotted) ${scored(of, 0)}: ${gained(of, 0)}.`,
  heldOut: (n: number) => `Scored on ${many(n, 'held-out point')}.`,
  seen: (n: number) =>
    `Scored on the ${many(n, 'test point')} that the values were computed from, which flatters them: no evidence ` +
    'for dropping. Pass ValuationPanel(…, held_out=Dataset(x, y)) for some.',
  failures: (n: number) => `${many(n, 'fit')} failed and ${n === 1 ? 'is' : 'are'} left out.`,
  stale: 'The values have changed since.',
  point: (curve: Curve, metric: MetricCurve, at: number) =>
    `${share(curve, at)} dropped (${many(curve.counts[at]!, 'point')}): ${scored(metric.lowest, at)}; ` +
    `at random ${scored(metric.random, at)}`,
  chart: (curve: Curve, metric: MetricCurve) =>
    `${metric.name} without the lowest points: ${curve.shares.map((_, at) => WORDS.point(curve, metric, at)).join('. ')}.`,
};
