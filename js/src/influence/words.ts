/** All that the influence panel says of its own, in one place. */

import { count, many, percent, plain, UNKNOWN } from '../format';
import type { LiveWords } from '../live';
import { KEYS } from '../words';
import type { Edits, Status } from '../wire';

export const WORDS: LiveWords = {
  keys: [
    ['t', 'test points or training points'],
    ['g', 'training points as rows or cards'],
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
  worth: 'loss',
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

/** Texts without blanks to fill in. An enum: bundled, each stands where it is used. */
export const enum Say {
  panel = 'Influence functions',
  view = 'View',
  tests = 'Test points',
  training = 'Training points',
  testsTip = 'Choose a prediction, see which training points made it so (t)',
  trainingTip = 'Find the training points that hurt their own class (t)',
  overview = 'Overview',
  list = 'List',
  listTip = 'All test points, to choose one of them',
  inFocus = 'Training point in focus',
  close = 'Close',
  shownAs = 'Shown as',
  rows = 'rows',
  pictures = 'pictures',
  cards = 'cards',

  // chips
  wrong = 'wrong',
  wrongTip = 'Test points whose prediction is not their label',
  relabelled = 'relabelled',
  relabelledTestsTip = 'Test points whose label was changed here',
  relabelledTip = 'Points whose label was changed here',
  flagged = 'flagged',
  flaggedTestsTip = 'Test points flagged for a second look',
  flaggedTip = 'Points flagged for a second look',
  lowest = 'lowest 5 %',
  lowestTip = 'The twentieth of the training points with the lowest quantiles',
  dropped = 'dropped',
  droppedTip = 'Points left out of the next data set',
  selected = 'selected',
  selectedTip = 'Points ticked',

  // columns
  score = 'Influence of a training point on the loss of a test point: positive helps, negative hurts. Divided by the number of training points it estimates how much the loss would rise if the point were removed.',
  label = 'label',
  target = 'target',
  predicted = 'predicted',
  predictedBrief = 'pred.',
  predictedTip = 'What the model says',
  loss = 'loss',
  lossTip = 'The loss of the prediction: the higher, the worse',
  against = 'against',
  againstBrief = 'vs.',
  againstTip = 'Disagreement: of the influence that the training points have on it, the share that hurts it. Above a half where its label is wrong, or the point is unlike its class',
  selectTip = 'Select all points shown, or none',
  rank = 'rank',
  rankTip = 'Rank of the quantile; 1 is the lowest',
  ownLossTip = 'Loss of the training point itself',
  lossRankTip = 'Rank of the loss; 1 is the highest',
  self = 'self',
  selfTip = 'Self-influence: how much the point changes its own loss. High for points that the model can only memorise',
  selfRankTip = 'Rank of the self-influence; 1 is the highest',
  allLabels = 'all labels',
  mean = 'mean',
  meanTip = 'Mean influence over all test points',
  hurts = 'hurts',
  hurtsTip = 'How many test points the point hurts',
  itself = 'The point itself',
  image = 'image',
  text = 'text',
  point = 'point',
  pointTip = 'Position in the data set',
  id = 'id',
  idTip = 'Id of the point',

  // galleries and cards
  harmful = 'Most harmful',
  harmfulHint = 'without them its loss would fall',
  harmfulList = 'Training points that hurt most',
  noHarmful = 'No training point hurts it.',
  helpful = 'Most helpful',
  helpfulHint = 'without them its loss would rise',
  helpfulList = 'Training points that help most',
  noHelpful = 'No training point helps it.',
  belowList = 'Training points below the threshold',
  noTest = 'No test point is chosen.',
  droppedMark = 'dropped: left out of dataset()',
  inDoubt = 'label in doubt',

  // the test point
  nothingPredicted = 'Nothing is predicted yet.',
  anew = 'computing its numbers anew…',

  // the training point
  newLabel = 'new label',
  numbersAnew = 'its numbers are being computed anew',
  quantile = 'quantile',
  selfInfluence = 'self-influence',
  tileLossTip = 'Loss of the point itself',
  tileSelfTip = 'How much the point changes its own loss',
  unknown = 'unknown',
  effects = 'Its influence on test points',
  hurtMost = 'Test points it hurts most',
  sameLabel = 'same label',
  otherLabels = 'other labels',
  allTests = 'all test points',
  none = 'none',

  // the threshold
  threshold = 'Threshold',
  thresholdTip = 'Drag, or use the arrow keys: the points below are shown. Escape shows all.',
  showAll = 'show all',
  noValues = 'no values yet',
  noThreshold = 'none: all points',
  drag = 'Drag the line to show the points below it.',
}

// --- the two sides, and what is shown of them ---

export const testsShown = (shown: number, n: number): string =>
  `${count(shown)} of ${many(n, 'test point')} shown`;
export const quantileBelow = (hi: number): string => `quantile below ${plain(hi, 2)}`;
export const showMore = (n: number): string => `Show more (${count(n)})`;
/** "25 %", "25 % quantile" and "q25". */
export const quantileName = (share: string): string => `${share} quantile`;
export const quantileBrief = (share: string): string => `q${share.replace(/\s%/, '')}`;

// --- columns ---

export const givenTip = (name: string): string => `The ${name} that the data give`;
export const quantileTip = (share: string): string =>
  `The ${share} quantile of the point's influences on the test points of its own label: below 0 it hurts more than ${share} of them. ${Say.score}`;
export const quantileAllTip = (share: string): string => `The ${share} quantile over all test points`;
export const predictedWrong = (name: string): string => `predicted ${name}, which is not the label`;

// --- a test point ---

export const testPoint = (id: string): string => `Test point ${id}`;
export const imageOfTest = (id: string): string => `Image of test point ${id}`;
export const cameAs = (name: string): string => `came as ${name}`;
export const sides = (helps: number, hurts: number): string =>
  `${many(helps, 'training point')} ${helps === 1 ? 'helps' : 'help'}, ${count(hurts)} ${hurts === 1 ? 'hurts' : 'hurt'} it`;

/** `p`: the probability of its label, NaN where none is known. */
export function predictionOf(label: string, predicted: string, p: number, wrong: boolean): string {
  const sure = Number.isFinite(p)
    ? ` (probability ${p < 0.01 ? 'under 1\u00a0%' : `${Math.round(p * 100)}\u00a0%`})`
    : '';
  return wrong
    ? `labelled ${label}${sure}, predicted ${predicted}`
    : `labelled and predicted ${label}${sure}`;
}
export const predictionOfNumber = (target: string, predicted: string): string =>
  `target ${target}, predicted ${predicted}`;
export const withLoss = (words: string, loss: number): string => `${words} · loss ${plain(loss, 3)}`;

// --- a training point ---

export { imageOf, labelTip } from '../words';
export const labelled = (name: string): string => `labelled ${name}`;
/** Its score in words: "hurts 1.2". */
export const moves = (score: number, digits: number): string =>
  `${score < 0 ? 'hurts' : 'helps'} ${plain(Math.abs(score), digits)}`;
export const doubtTip = (quantile: string): string =>
  `Its ${quantile} is among the lowest: it hurts the test points of its own label`;
export const pointWord = (id: string): string => `Point ${id}`;
export const hurtsTests = (hurt: number, n: number): string => `${count(hurt)} of ${many(n, 'test point')}`;
export const tileQuantileTip = (share: string): string =>
  `The ${share} quantile of its influences on the test points of its own label.`;
export const tileAllTip = (all: string, mean: string): string => ` Over all labels: ${all}; mean: ${mean}.`;
export const rankWord = (rank: number): string => `rank ${count(rank)}`;
export const placeAmong = (rank: number, end: string, known: number): string =>
  `${ordinal(rank, end)} of ${count(known)}`;

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

// --- its influences ---

export const groupOf = (words: string, n: number): string => `${words} · ${count(n)}`;
export const hurtsShare = (share: number): string => `hurts ${percent(share)}`;
/** `at`: the quantile; NaN where it is not drawn. */
export function effectsSaid(n: number, words: string, hurt: number, name: string, at: number): string {
  const quantile = Number.isFinite(at) ? `; the ${name} quantile is ${plain(at, 3)}` : '';
  return `Influences on ${many(n, 'test point')} (${words}): ${count(hurt)} ${hurt === 1 ? 'is' : 'are'} hurt${quantile}.`;
}
export const openTest = (id: string): string => `Test point ${id}: show what helps and hurts it`;
export const hurtBy = (id: string, by: number): string => `Test point ${id}, hurt by ${plain(by, 2)}`;

// --- the threshold ---

export const belowAt = (below: string, at: number): string => `${below} below ${plain(at, 3)}`;
export const noDistribution = (name: string): string => `Distribution of the ${name}: none is known yet.`;
export function distribution(name: string, known: number, n: number, lo: number, hi: number): string {
  return `Distribution of the ${name}: ${count(known)} of ${count(n)} known, from ${plain(lo)} to ${plain(hi)}`;
}
export const cutAt = (below: number, at: number): string =>
  `; ${count(below)} below the threshold ${plain(at, 3)}`;
