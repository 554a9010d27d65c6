/** Which columns the two tables of an influence panel show, and what their headers say. Pure. */

import { percent } from '../format';
import type { Choice, Grid } from '../grid';
import {
  column,
  decimalsOf,
  idWidth,
  labelWidth,
  numberWidth,
  tableWidth,
  type Column,
  type Room,
} from '../layout';
import type { Points } from '../points';
import type { Arrangement } from '../state';
import {
  DISAGREEMENT,
  HURT,
  LOSS,
  LOSS_RANK,
  MEAN,
  OWN,
  PREDICTED,
  QUANTILE_ALL,
  SELF,
  SELF_RANK,
  type Both,
} from './points';
import { featureTip } from '../words';
import { givenTip, labelTip, quantileAllTip, quantileName, quantileTip, Say } from './words';

/** Below this width (px) the list of test points shortens the names of its columns. */
const SPACIOUS = 420;

/** The test points: what they are, what was made of them, and how bad that is. `width`: what the list has. */
export function testColumns(points: Points, width = Infinity): Column[] {
  const ways = [0, 1, 2, 3].map((squeeze) => testColumnsAs(points, width < SPACIOUS, squeeze));
  return ways.find((columns) => tableWidth(columns) <= width) ?? ways[3]!;
}

/** `brief`: short names; `squeeze`: 1 shortens the last column, 2 all of them, 3 cuts names of classes. */
function testColumnsAs(points: Points, brief: boolean, squeeze: number): Column[] {
  const tight = squeeze > 1;
  const { label } = points;
  const shown: Column[] = [looks(points, tight ? 50 : 54)];
  if (label !== null) {
    const numeric = label.kind === 'number';
    const name = numeric ? Say.target : Say.label;
    const one = numeric ? 58 : Math.min(squeeze > 2 ? 58 : 88, short(label.classes));
    const least = numeric ? (tight ? 64 : 78) : tight ? one : 92; // old → new
    const track = `minmax(${tight ? one : Math.max(one, numeric || brief ? 62 : 86)}px, .6fr)`;
    const title = brief ? Say.predictedBrief : Say.predicted;
    shown.push(column('label', 'label', name, givenTip(name), `minmax(${least}px, .6fr)`), {
      ...column('feature', `f${PREDICTED}`, title, Say.predictedTip, track, numeric, PREDICTED),
      decimals: decimalsOf(points.features[PREDICTED]!.values),
    });
  }
  const [against, room] = squeeze > 0 ? [Say.againstBrief, 48] : [Say.against, 78];
  shown.push(
    column('value', 'value', Say.loss, Say.lossTip, `minmax(${tight ? 62 : 72}px, 1fr)`),
    column('feature', `f${DISAGREEMENT}`, against, Say.againstTip, `${room}px`, true, DISAGREEMENT)
  );
  return shown;
}

/** The training points: the quantile first, loss and self-influence with their ranks beside it. */
export function trainColumns(both: Both, room: Room, width: number): Column[] {
  const { train, quantile } = both;
  const { label } = train;
  const narrow = room === 'narrow';
  const number = (name: string, feature: number, tip: string, px: number): Column => {
    const decimals = decimalsOf(train.features[feature]!.values);
    const track = `${decimals > 6 ? Math.max(px, 90) : px}px`; // room for powers of ten
    return column('feature', `f${feature}`, name, tip, track, true, feature, decimals);
  };
  const shown: Column[] = [];
  if (!narrow) {
    const rank = `${28 + String(train.n).length * 8}px`;
    shown.push(column('select', null, '', Say.selectTip, '34px'));
    shown.push(column('rank', 'rank', '#', Say.rankTip, rank, true));
  }
  shown.push(looks(train, 54, narrow));
  if (label !== null) {
    const name = label.kind === 'class' ? Say.label : Say.target;
    const least = label.kind === 'class' ? labelWidth(label.classes, narrow ? 72 : 104) : narrow ? 72 : 120;
    shown.push(column('label', 'label', name, labelTip(name), `minmax(${least}px, .5fr)`));
  }
  const share = percent(quantile, ' '); // names of columns are exported
  shown.push(
    column(
      'value',
      'value',
      quantileName(share),
      quantileTip(share),
      narrow ? 'minmax(120px, 1.6fr)' : 'minmax(150px, 2fr)'
    )
  );
  if (!narrow) {
    shown.push(
      number(Say.loss, LOSS, Say.ownLossTip, 70),
      number(Say.rank, LOSS_RANK, Say.lossRankTip, 58),
      number(Say.self, SELF, Say.selfTip, 74),
      number(Say.rank, SELF_RANK, Say.selfRankTip, 58)
    );
    const more = [
      number(Say.allLabels, QUANTILE_ALL, quantileAllTip(share), 84),
      number(Say.mean, MEAN, Say.meanTip, 74),
      number(Say.hurts, HURT, Say.hurtsTip, 62),
    ];
    for (const extra of more) {
      if (tableWidth([...shown, extra]) <= width) {
        shown.push(extra);
      }
    }
  }
  return shown;
}

/** What the columns of the training points may be: also the features of the data, which are not shown by themselves. */
export function choiceOf(source: { readonly both: Both | null }): Choice {
  const own = (room: Room, width: number): Column[] =>
    source.both === null ? [] : trainColumns(source.both, room, width);
  return {
    usual: (_, room, width) => own(room, width),
    all: ({ features }) => [
      ...own('wide', Infinity),
      ...features.slice(OWN).map(({ name, values }, i) => {
        const [id, at] = [`f${OWN + i}` as const, OWN + i];
        return column(
          'feature',
          id,
          name,
          featureTip(name),
          numberWidth(name, values),
          true,
          at,
          decimalsOf(values)
        );
      }),
    ],
  };
}

/** Full frames of the same data have the same columns: the elements are kept, and with them the keyboard's focus. */
export function rememberColumns() {
  let of: readonly unknown[] = [];
  let held: Record<'tests' | 'train', Column[]> = { tests: [], train: [] };
  const same = (old: Column[], now: Column[]): Column[] =>
    JSON.stringify(old) === JSON.stringify(now) ? old : now;
  /**
   * `table`, `list`: what the training and the test points have, in pixels; 0 where they are not shown. `grid`: once it
   * is there it says which columns the training points have, and how they are `arranged`.
   */
  return (
    both: Both,
    room: Room,
    [table, list]: readonly [table: number, list: number],
    grid: Grid | undefined,
    arranged: Arrangement | undefined
  ): typeof held => {
    const now = [grid, both, room, table, list, arranged, [...both.train.extra.keys()].join()];
    if (now.some((part, i) => part !== of[i])) {
      const width = table || Infinity;
      const train = grid?.columns(both.train, room, width, arranged) ?? trainColumns(both, room, width);
      held = {
        tests: same(held.tests, testColumns(both.test, list || Infinity)),
        train: grid === of[0] ? same(held.train, train) : train,
      };
      of = now;
    }
    return held;
  };
}

/** The point itself: its picture, its text, or its name. */
function looks(points: Points, image: number, narrow = true): Column {
  const { preview, ids } = points;
  if (preview.kind === 'image') {
    return column('image', null, Say.image, Say.itself, `${image}px`);
  }
  if (preview.kind === 'text') {
    return column('text', null, Say.text, Say.itself, narrow ? 'minmax(68px, 1.4fr)' : 'minmax(190px, 2fr)');
  }
  const [name, tip] = ids === null ? [Say.point, Say.pointTip] : [Say.id, Say.idTip];
  return column('id', 'id', name, tip, `minmax(${Math.min(120, idWidth(points))}px, .4fr)`);
}

/** Room for one name. */
function short(classes: readonly string[]): number {
  const longest = Math.max(1, ...classes.slice(0, 200).map((name) => name.length));
  return Math.round(Math.min(96, 26 + longest * 7));
}
