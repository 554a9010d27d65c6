/** Which columns the two tables of an influence panel show, and what their headers say. Pure. */

import { percent } from '../format';
import { column, decimalsOf, idWidth, labelWidth, tableWidth, type Column, type Room } from '../layout';
import type { Points } from '../points';
import {
  DISAGREEMENT,
  HURT,
  LOSS,
  LOSS_RANK,
  MEAN,
  PREDICTED,
  QUANTILE_ALL,
  SELF,
  SELF_RANK,
  type Both,
} from './points';

export const SCORE =
  'Influence of a training point on the loss of a test point: positive helps, negative hurts. ' +
  'Divided by the number of training points it estimates how much the loss would rise if the point were removed.';

const AGAINST =
  'Disagreement: of the influence that the training points have on it, the share that hurts it. ' +
  'Above a half where its label is wrong, or the point is unlike its class';

/** Below this width (px) the list of test points shortens what it can. */
const TIGHT = 350;
/** Below this one it shortens the names of its columns. */
const SPACIOUS = 420;

/** The test points: what they are, what was made of them, and how bad that is. `width`: what the list has. */
export function testColumns(points: Points, width = Infinity): Column[] {
  const { label } = points;
  const tight = width < TIGHT;
  const brief = width < SPACIOUS;
  const shown: Column[] = [looks(points)];
  if (label !== null) {
    const numeric = label.kind === 'number';
    const name = numeric ? 'target' : 'label';
    const least = numeric ? 62 : tight ? Math.min(58, short(label.classes)) : 92; // old → new
    shown.push(column('label', 'label', name, `The ${name} that the data give`, `minmax(${least}px, .6fr)`));
    const track = `minmax(${numeric || (brief && !tight) ? 62 : tight ? 58 : 86}px, .6fr)`;
    const said = column(
      'feature',
      `f${PREDICTED}`,
      'predicted',
      'What the model says',
      track,
      numeric,
      PREDICTED
    );
    shown.push({
      ...said,
      name: brief ? 'pred.' : 'predicted',
      decimals: decimalsOf(points.features[PREDICTED]!.values),
    });
  }
  const tip = 'The loss of the prediction: the higher, the worse';
  shown.push(column('value', 'value', 'loss', tip, `minmax(${tight ? 62 : 72}px, 1fr)`));
  const against = column(
    'feature',
    `f${DISAGREEMENT}`,
    tight ? 'vs.' : 'against',
    AGAINST,
    tight ? '48px' : '78px',
    true,
    DISAGREEMENT
  );
  return [...shown, against];
}

/** The training points: the quantile first, loss and self-influence with their ranks beside it. */
export function trainColumns(both: Both, room: Room, width: number): Column[] {
  const { train, quantile } = both;
  const { label } = train;
  const narrow = room === 'narrow';
  const number = (name: string, feature: number, tip: string, px: number): Column =>
    column(
      'feature',
      `f${feature}`,
      name,
      tip,
      `${px}px`,
      true,
      feature,
      decimalsOf(train.features[feature]!.values)
    );
  const shown: Column[] = [];
  if (!narrow) {
    const rank = `${28 + String(train.n).length * 8}px`;
    shown.push(column('select', null, '', 'Select all points shown, or none', '34px'));
    shown.push(column('rank', 'rank', '#', 'Rank of the quantile; 1 is the lowest', rank, true));
  }
  shown.push(looks(train, narrow));
  if (label !== null) {
    const name = label.kind === 'class' ? 'label' : 'target';
    const least = narrow ? 72 : label.kind === 'class' ? labelWidth(label.classes) : 120;
    shown.push(
      column(
        'label',
        'label',
        name,
        'The label; an edited one beside what it was',
        `minmax(${least}px, .5fr)`
      )
    );
  }
  const share = percent(quantile);
  const tip = `The ${share} quantile of the point's influences on the test points of its own label: below 0 it hurts more than ${share} of them. ${SCORE}`;
  shown.push(
    column('value', 'value', `${share} quantile`, tip, narrow ? 'minmax(120px, 1.6fr)' : 'minmax(150px, 2fr)')
  );
  if (!narrow) {
    shown.push(
      number('loss', LOSS, 'Loss of the training point itself', 70),
      number('rank', LOSS_RANK, 'Rank of the loss; 1 is the highest', 58),
      number(
        'self',
        SELF,
        'Self-influence: how much the point changes its own loss. High for points that the model can only memorise',
        74
      ),
      number('rank', SELF_RANK, 'Rank of the self-influence; 1 is the highest', 58)
    );
    const more = [
      number('all labels', QUANTILE_ALL, `The ${share} quantile over all test points`, 84),
      number('mean', MEAN, 'Mean influence over all test points', 74),
      number('hurts', HURT, 'How many test points the point hurts', 62),
    ];
    for (const extra of more) {
      if (tableWidth([...shown, extra]) <= width) {
        shown.push(extra);
      }
    }
  }
  return shown;
}

/** Full frames of the same data have the same columns: the elements are kept, and with them the keyboard's focus. */
export function rememberColumns() {
  let of: readonly unknown[] = [];
  let held: Record<'tests' | 'train', Column[]> = { tests: [], train: [] };
  const same = (old: Column[], now: Column[]): Column[] =>
    JSON.stringify(old) === JSON.stringify(now) ? old : now;
  /** `table`, `list`: what the training and the test points have, in pixels; 0 where they are not shown. */
  return (both: Both, room: Room, table: number, list: number): typeof held => {
    const now = [both, room, table, list];
    if (now.some((part, i) => part !== of[i])) {
      of = now;
      held = {
        tests: same(held.tests, testColumns(both.test, list || Infinity)),
        train: same(held.train, trainColumns(both, room, table || Infinity)),
      };
    }
    return held;
  };
}

/** The point itself: its picture, its text, or its name. */
function looks(points: Points, narrow = true): Column {
  const { preview, ids } = points;
  if (preview.kind === 'image') {
    return column('image', null, 'image', 'The point itself', '54px');
  }
  if (preview.kind === 'text') {
    return column(
      'text',
      null,
      'text',
      'The point itself',
      narrow ? 'minmax(68px, 1.4fr)' : 'minmax(190px, 2fr)'
    );
  }
  const [name, tip] = ids === null ? ['point', 'Position in the data set'] : ['id', 'Id of the point'];
  return column('id', 'id', name, tip, `minmax(${Math.min(120, idWidth(points))}px, .4fr)`);
}

/** Room for one name. */
function short(classes: readonly string[]): number {
  const longest = Math.max(1, ...classes.slice(0, 200).map((name) => name.length));
  return Math.round(Math.min(96, 34 + longest * 7));
}
