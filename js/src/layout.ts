/** Which columns the table shows at a width, and what their headers say. Pure. */

import type { ColumnId } from './columns';
import type { Points } from './points';

export type Room = 'wide' | 'medium' | 'narrow';

export const MEDIUM_BELOW = 900;
export const NARROW_BELOW = 560;

export function roomFor(width: number): Room {
  return width < NARROW_BELOW ? 'narrow' : width < MEDIUM_BELOW ? 'medium' : 'wide';
}

export type CellKind = 'select' | 'rank' | 'image' | 'text' | 'id' | 'label' | 'value' | 'stderr' | 'count' | 'feature';

export interface Column {
  readonly kind: CellKind;
  /** What a click on the header sorts by; null when it cannot. */
  readonly sort: ColumnId | null;
  readonly name: string;
  /** What the number is, its unit, where it comes from. */
  readonly tip: string;
  /** A track of the CSS grid. */
  readonly track: string;
  readonly numeric: boolean;
  readonly feature: number;
}

export function columnsFor(points: Points, room: Room): Column[] {
  const { preview, label, status } = points;
  const unit = status.unit_of_value === '' ? '' : ` Unit: ${status.unit_of_value}.`;
  const column = (
    kind: CellKind,
    sort: ColumnId | null,
    name: string,
    tip: string,
    track: string,
    numeric = false,
    feature = -1
  ): Column => ({ kind, sort, name, tip, track, numeric, feature });
  const narrow = room === 'narrow';
  const shown: Column[] = [];
  if (!narrow) {
    shown.push(
      column('select', null, '', 'Select all points shown, or none', '34px'),
      column('rank', 'rank', '#', 'Rank of the value among those known; 1 is the lowest', '56px', true)
    );
  }
  if (preview.kind === 'image') {
    shown.push(column('image', null, narrow ? '' : 'image', 'The point itself', narrow ? '46px' : '54px'));
  } else if (preview.kind === 'text') {
    shown.push(column('text', null, 'text', 'The point itself', 'minmax(110px, 1.4fr)'));
  } else {
    shown.push(column('id', 'id', points.ids === null ? 'point' : 'id', points.ids === null ? 'Position in the data set' : 'Id of the point', 'minmax(58px, .5fr)'));
  }
  if (label !== null) {
    const name = label.kind === 'class' ? 'label' : 'target';
    const tip = label.kind === 'class' ? 'The label; an edited one beside what it was' : 'The target; an edited one beside what it was';
    shown.push(column('label', 'label', name, tip, narrow ? 'minmax(72px, .7fr)' : 'minmax(116px, .7fr)'));
  }
  shown.push(
    column(
      'value',
      'value',
      'value',
      `How much the point helps (method: ${points.method}).${unit} The whisker is ± one standard error; digits stop where the error starts.`,
      narrow ? 'minmax(120px, 1.6fr)' : 'minmax(190px, 2fr)'
    )
  );
  if (!narrow) {
    shown.push(
      column('stderr', 'stderr', '± se', `One standard error of the value, estimated from its updates.${unit}`, '74px', true),
      column('count', 'count', 'updates', `How many ${status.unit === 'test points' ? 'test points' : 'marginal contributions or samples'} the value averages`, '76px', true)
    );
    points.features.forEach((feature, i) =>
      shown.push(column('feature', `f${i}`, feature.name, `Feature ${feature.name}, as the data set holds it`, '92px', true, i))
    );
  }
  return shown;
}
