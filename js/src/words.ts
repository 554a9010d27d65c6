/**
 * What the panel says, in one place. Numbers and times are in format.ts, a kernel that does not hear in unheard.ts, what
 * parts say in parts/NAME/words.ts, what only the influence panel says in influence/words.ts. Pure.
 */

import type { HistogramData } from './histogram';
import { count, many, percent, plain } from './format';
import type { Whole } from './points';
import type { Control } from './source';
import type { Status } from './wire';

/** Texts without blanks to fill in. An enum: bundled, each stands where it is used. */
export const enum Say {
  panel = 'Data valuation',
  close = 'Close',
  overview = 'Overview',
  point = 'Point',
  inFocus = 'Point in focus',
  noFocus = 'No point in focus',
  gallery = 'Gallery',
  galleryTip = 'Points as pictures or texts, or as rows',
  galleryList = 'Points as a gallery',

  // the top line, and the buttons that steer a run
  valuation = 'Valuation',
  progress = 'Progress',
  noPoints = 'no points to value',
  start = 'Start',
  startTip = 'Start valuing',
  pause = 'Pause',
  pauseTip = 'Pause after the fits in work; nothing is lost',
  resume = 'Resume',
  resumeTip = 'Go on where it paused',
  stop = 'Stop',
  stopTip = 'Stop for good; the values so far stay',
  keys = 'Keys',
  keysTip = 'Keys (?)',

  // notices, sheets
  dismiss = 'Dismiss',
  waiting = 'Waiting for the kernel…',
  firstFailure = 'First traceback',
  tryAgain = 'Try again',

  // filters
  filters = 'Filters',
  noRange = 'Remove the filter on values',
  lowest = 'lowest 5 %',
  lowestTip = 'The twentieth of the points with the lowest values',
  disagrees = 'disagrees',
  disagreesTip = 'Points for which another label is suggested than theirs',
  unconverged = 'not converged',
  unconvergedTip = 'Points whose value the stopping rule still calls uncertain',
  relabelled = 'relabelled',
  relabelledTip = 'Points whose label was changed here',
  dropped = 'dropped',
  droppedTip = 'Points left out of the next data set',
  flagged = 'flagged',
  flaggedTip = 'Points flagged for a second look',
  selected = 'selected',
  selectedTip = 'Points ticked in the table',
  oneLabel = 'Label',
  oneLabelTip = 'Show one label',
  allLabels = 'all labels',
  find = 'id or label',
  findTip = 'Find by id or label',

  // the table
  points = 'Points',
  selectTip = 'Select all points shown, or none',
  selectAll = 'Select all points shown',
  rankTip = 'Rank of the value among those known; 1 is the lowest',
  image = 'image',
  text = 'text',
  itself = 'The point itself',
  position = 'position',
  pointName = 'point',
  positionTip = 'Position in the data set',
  id = 'id',
  idTip = 'Id of the point',
  label = 'label',
  target = 'target',
  stderr = '± se',
  updates = 'updates',
  droppedMark = 'dropped: left out of dataset()',

  // the overview
  values = 'Values',
  noValues = 'no values',
  brushHelp = 'Arrow keys move the upper end of the filter, with Shift the lower end; Escape removes it.',
  certainty = 'Ranking certainty',
  exact = 'exact values',
  certaintyTip = 'The correlation to expect between the ranking shown and that of a second, independent run',
  reasonTip = 'What the stopping rule saw when the last round ended',
  edits = 'Edits',
  noEdits = 'None yet.',
  noEditsInCopy = 'None.',
  undo = 'Undo',
  undoTip = 'Undo (u)',
  redo = 'Redo',
  redoTip = 'Redo (Shift u)',

  // the point in focus
  textOfPoint = 'Text of the point',
  rank = 'rank',
  notInDataset = 'not in dataset()',
  marked = 'marked',
  leftOut = 'none: it was dropped when these were valued',
  notYet = 'not known yet',
  unknown = 'not known',
  edit = 'Edit',
  setTarget = 'Set target',
  relabel = 'Relabel',
  set = 'Set',
  newTarget = 'new…',
  newTargetName = 'New target',
  anotherLabel = 'other…',
  anotherLabelName = 'Other label',
  drop = 'Drop',
  takeBack = 'Take back',
  saving = 'saving…',

  // the foot
  clearTip = 'Clear the selection (Esc)',
  failuresTip = 'Failed fits count with the default score',
  shared = 'shared',
  holds = 'a shared copy holds',
  tableStays = 'The table below stays.',
  saved = ', saved',
  converged = ', converged',
  oneEdit = 'edit',
  savingOf = 'saving',
  failedFit = 'failed fit',
  warning = 'warning',
  moreFeature = 'more feature',
  inTime = ' in ',
  left = 'left',
  noPanel = 'The interactive panel cannot be shown.',
  noDistribution = 'Distribution of values: none is known.',
  holdsTip = 'What a shared copy of this notebook would hold',
}

/** Listed in the help; the first column is shown as keys. */
export const KEYS: readonly (readonly [string, string])[] = [
  ['↑ ↓', 'previous, next point'],
  ['p n', 'the same, from anywhere in the panel'],
  ['PgUp PgDn', 'a page up, down'],
  ['Home End', 'first, last point'],
  ['Space', 'select or deselect'],
  ['Shift ↑ ↓', 'select a range'],
  ['Ctrl A', 'select all shown'],
  ['1 … 9 0 b …', 'relabel: the key on the class'],
  ['x', 'drop, or take back in'],
  ['u', 'undo the last edit'],
  ['U', 'redo'],
  ['Esc', 'close; then clear the selection'],
  ['?', 'show or hide this list'],
];

export const STATES: Readonly<Record<Status['state'], string>> = {
  pending: 'not started',
  running: 'running',
  paused: 'paused',
  stopped: 'stopped',
  finished: 'finished',
  failed: 'failed',
};

/** What a run did when its kernel was last heard of. */
export const wasWords = (state: Status['state']): string => `was ${STATES[state]}`;

/** While a run was asked for something that it does not show yet. */
export const ASKED: Readonly<Record<Control, string>> = {
  start: 'starting…',
  pause: 'pausing…',
  resume: 'resuming…',
  stop: 'stopping…',
};

export const unreached = (why: string): string => `The kernel could not be reached: ${why}`;
export const runFailed = (why: string): string => `The run failed: ${why}`;
export const notLoaded = (name: string, why: string): string =>
  `The ${name} could not be loaded here: ${why} `;

export const emptyWords = (n: number): string =>
  n === 0 ? 'The data set has no points.' : `None of ${many(n, 'point')} passes the filters.`;
export const rangeWords = (lo: number, hi: number): string => `value ${plain(lo, 2)} to ${plain(hi, 2)}`;
export const selectWords = (id: string): string => `Select point ${id}`;
export const imageOf = (id: string): string => `Image of point ${id}`;

/** Above the keys that relabel; `n`: points that are selected, 0 for the one in focus. */
export function editWords(kind: 'class' | 'number' | null, n: number): string {
  const what = kind === null ? Say.edit : kind === 'number' ? Say.setTarget : Say.relabel;
  return n === 0 ? what : `${what}${kind === 'number' ? ' of' : ''} ${many(n, 'selected point')}`;
}

export const keptIn = (path: string): string => `kept in ${path}`;
export const edited = (relabelled: number, dropped: number): string =>
  `${count(relabelled)} relabelled, ${count(dropped)} dropped`;

/** Only values without any error are certain altogether. */
export const rankingWords = (certainty: number, short = false): string =>
  certainty === 1 ? Say.exact : `${short ? '' : 'ranking '}${percent(certainty)} certain`;

// --- what charts say to those who do not see them, and copies of what they hold ---

export function certaintyWords(status: Status, points: number): string {
  const wanted = status.target === null ? '' : `; ${percent(status.target)} is wanted`;
  const now = status.certainty === null ? Say.notYet : percent(status.certainty);
  return `${Say.certainty}: ${now} after ${count(status.done)} ${status.unit}${wanted}. ${many(points, 'point')} drawn.`;
}

export function distributionWords(now: HistogramData): string {
  const { histogram, threshold, range, unit } = now;
  if (histogram === null) {
    return Say.noDistribution;
  }
  const below = histogram.counts.reduce(
    (sum, k, i) =>
      sum + (threshold !== null && histogram.lo + (i + 0.5) * histogram.width < threshold ? k : 0),
    0
  );
  const sides = threshold === null ? '' : `; ${count(below)} below ${plain(threshold)}`;
  const filter = range === null ? '' : `. Filtered to ${plain(range[0])} to ${plain(range[1])}`;
  const of = unit === '' ? '' : ` (${unit})`;
  return `Distribution of values${of}: ${ofAll(histogram.known, now.n)} known, from ${plain(histogram.lo)} to ${plain(histogram.hi)}${sides}${filter}.`;
}

export function noteOf(whole: Whole | null, here: number, previewed: number, sampling: string): string {
  const pictured =
    previewed > 0 && previewed < here ? `Previews are in this copy of ${count(previewed)} points.` : '';
  if (whole === null) {
    return pictured;
  }
  const all = count(whole.n);
  return here === 0
    ? `This copy holds no single points, only how the values of all ${all} are distributed and how certain their ranking is.`
    : `${ofAll(here, whole.n)} points are in this copy: ${sampling}. Ranks and the distribution are those of all ${count(whole.known)} values. ${pictured}`;
}

// --- counts ---

/** In place of marks that stand above one another. */
export const moreMarks = (n: number): string => `[${n} more marks]`;

export const ofAll = (k: number, n: number): string => `${count(k)} of ${count(n)}`;
export const shownWords = (k: number, n: number): string => `${ofAll(k, n)} shown`;

export const wantedWords = (share: number): string => `wanted ${percent(share)}`;

// --- tips of the columns ---

const unitTip = (unit: string): string => (unit === '' ? '' : ` Unit: ${unit}.`);
export const labelTip = (name: string): string => `The ${name}; an edited one beside what it was`;
export const valueTip = (method: string, unit: string): string =>
  `How much the point helps (method: ${method}).${unitTip(unit)} The whisker is ± one standard error, an arrow what goes beyond the scale; digits stop where the error starts.`;
export const stderrTip = (unit: string): string =>
  `One standard error of the value, estimated from its updates.${unitTip(unit)}`;
/** `ofTests`: whether test points are counted. */
export const updatesTip = (ofTests: boolean): string =>
  `How many ${ofTests ? 'test points' : 'marginal contributions or samples'} the value averages`;
export const featureTip = (name: string): string => `Feature ${name}, as the data set holds it`;
