/** The columns that the table shows: the same ones for as long as nothing that decides them changes. */

import type { Grid } from './grid';
import { LIVE } from './here';
import { columnsFor, type Column, type Room } from './layout';
import { isOver, type Points } from './points';
import type { Arrangement } from './state';

/**
 * A full frame of the same data set has the same columns: its elements are kept, and with them the focus. So are those
 * of a table without a width, which is behind the gallery.
 */
export function keepColumns(live: boolean, grid: Grid | undefined) {
  let columns: readonly Column[] = [];
  let madeOf: readonly unknown[] = [];
  return (points: Points, room: Room, width: number, given?: Arrangement): readonly Column[] => {
    const of = [
      points,
      room,
      ...(LIVE ? [given, [...points.extra.keys()].join(), isOver(points.status)] : []),
    ];
    const [had, ...same] = madeOf;
    if (of.some((item, i) => item !== same[i]) || (had !== width && width !== 0)) {
      const across = width === 0 ? Infinity : width;
      const next =
        (LIVE ? grid?.columns(points, room, across, given) : null) ??
        columnsFor(points, room, across, LIVE && live && !isOver(points.status));
      if (JSON.stringify(next) !== JSON.stringify(columns)) {
        columns = next;
      }
      madeOf = [width, ...of];
    }
    return columns;
  };
}
