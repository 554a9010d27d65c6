/** What the stability of the ranking is, and says. */

export const WORDS = {
  certainty: 'certainty',
  stability: (share: string) => `stability ${share}`,
  stabilityTip:
    'Rank stability: the rank correlation (Spearman) of the values now with those after half of the work. Near 100 %, the second half moved nothing',
  stabilitySaid: (share: string, done: string, half: string, unit: string) =>
    `Rank stability ${share}: the rank correlation of the values after ${done} ${unit} with those after ${half}.`,
};
