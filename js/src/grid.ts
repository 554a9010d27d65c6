/** What a part may add to the table: columns of its own, dressed headers and cells, filters. */

import type { MoreTests } from './filters';
import type { Column, Room } from './layout';
import type { Points } from './points';
import type { Arrangement } from './state';
import type { Cell } from './views/row';

/** Which columns a table may show before anybody chose; the valuation panel's are in parts/columns/arrange.ts. */
export interface Choice {
  /** Those that it shows by itself. `width`: of the table, in pixels. */
  usual(points: Points, room: Room, width: number): Column[];
  /** Every one, in the usual order; what came later (`Points.extra`) is added. */
  all(points: Points): Column[];
}

/** What a table asks about its header. */
export interface Heads {
  /** Pixels; absent where they are as high as without it. */
  readonly height?: number;
  /** Once for each header that is made; `at` is its place. */
  dress(cell: HTMLElement, column: Column, at: number): void;
}

/** What a table needs to be walked by keyboard. */
export interface Walks extends Heads {
  /** Once for each row that is made. */
  dressRow(row: HTMLElement, columns: readonly Column[]): void;
  /** Each time that a row was painted. */
  painted(row: HTMLElement, focused: boolean): void;
}

export interface Grid extends Walks {
  readonly more: MoreTests;
  columns(points: Points, room: Room, width: number, arrangement: Arrangement | undefined): Column[];
  /** Every one that there is, in the usual order. */
  all(points: Points): Column[];
  cell(column: Column): Cell;
}
