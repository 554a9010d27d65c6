/** Which columns the table shows, in which order, how wide and where: the usual ones, and what a person changed. Pure. */

import {
  column,
  columnsFor,
  decimalsOf,
  idWidth,
  labelWidth,
  numberWidth,
  tableWidth,
  type Column,
  type Room,
} from '../../layout';
import type { Choice } from '../../grid';
import { isOver, type ExtraColumn, type Points } from '../../points';
import type { Arrangement } from '../../state';
import { Told } from './words';
import { Say } from '../../words';

export const AS_USUAL: Arrangement = { order: [], shown: {}, width: {}, pinned: [] };
/** Shown though nobody asked for them, where there is room. */
const BY_THEMSELVES = new Set(['x:suggested', 'x:group']);
/** Not shown as columns: their marks are elsewhere. */
const HIDDEN = new Set(['flagged']);
const LEAST = 44;
/** So many pixels tell most names apart; a suggestion has its probability beside the name. */
const NAMES = 84;
const PROBABLY = 44;
const YIELDS = /^minmax\((\d+)px/;
/** Those of the valuation panel. */
const VALUED: Choice = {
  usual: (points, room, width) => columnsFor(points, room, width, !isOver(points.status)),
  all: (points) => columnsFor(points, 'wide'),
};

/** Names a column in an arrangement: what it sorts by, else what it is. */
export function nameOf({ sort, kind }: Column): string {
  return sort ?? kind;
}

/** Its name where there is no header above it: that of a rank is '#', and a name in a header may be short. */
export function fullName({ features }: Points, { kind, sort, name, feature }: Column): string {
  return sort === 'rank' ? 'rank' : kind === 'feature' ? (features[feature]?.name ?? name) : name;
}

/** Every column that there is, in the usual order. */
export function allColumns(points: Points, choice = VALUED): Column[] {
  const found = choice.all(points);
  const after = (names: readonly string[], more: Column): void => {
    const at = found.map((one) => names.includes(nameOf(one))).lastIndexOf(true);
    found.splice(at < 0 ? found.length : at + 1, 0, more);
  };
  if (!found.some(({ kind }) => kind === 'id')) {
    const [name, tip] = points.ids === null ? [Say.pointName, Say.positionTip] : [Say.id, Say.idTip];
    after(['rank', 'image', 'text'], column('id', 'id', name, tip, `${idWidth(points)}px`));
  }
  if (found.some(({ kind }) => kind === 'count')) {
    after(
      ['count', 'stderr', 'value'],
      column('converged', 'converged', Told.converged, Told.convergedTip, '84px')
    );
  }
  for (const extra of points.extra.values()) {
    if (!HIDDEN.has(extra.id)) {
      after(placeOf(extra), extraColumn(extra));
    }
  }
  return found;
}

/** What is said of labels stands beside them, and so do other values; all else at the end. */
function placeOf({ id }: ExtraColumn): readonly string[] {
  return id === 'suggested'
    ? ['label']
    : id === 'predicted'
      ? ['x:suggested', 'label']
      : id === 'group'
        ? ['id', 'image', 'text']
        : id === 'before' || id.startsWith('as ')
          ? ['value', 'stderr']
          : [];
}

const NO_NUMBERS = new Float32Array();

function extraColumn({ id, name, tip, data }: ExtraColumn): Column {
  const numeric = data.kind === 'number';
  const numbers = numeric ? data.values : NO_NUMBERS;
  const track =
    data.kind === 'class'
      ? `minmax(${labelWidth(data.classes) - 14 + (data.probability === null ? 0 : 40)}px, .5fr)`
      : numberWidth(name, numbers);
  const decimals = decimalsOf(numbers);
  return column('extra', `x:${id}`, name, tip, track, numeric, -1, decimals);
}

/** `room`: of the panel; a narrow one shows little that nobody asked for. `width`: what the table has. */
export function arranged(
  points: Points,
  room: Room,
  width: number,
  given = AS_USUAL,
  choice = VALUED
): Column[] {
  const usual = new Map(choice.usual(points, room, width).map((one) => [nameOf(one), one]));
  const chosen = allColumns(points, choice).flatMap((one) => {
    const name = nameOf(one);
    const now = usual.get(name);
    const byItself = now !== undefined || (BY_THEMSELVES.has(name) && room !== 'narrow');
    return (given.shown[name] ?? byItself) ? [now ?? one] : [];
  });
  return placed(
    inSight(inOrder(chosen, given.order), width).map((one) => sized(one, given.width[nameOf(one)])),
    given.pinned
  );
}

/** Columns that the order does not name follow the one that usually stands before them. */
export function inOrder(columns: readonly Column[], order: readonly string[]): Column[] {
  const held = new Map(columns.map((one) => [nameOf(one), one]));
  const found = order.flatMap((name) => held.get(name) ?? []);
  columns.forEach((one, i) => {
    if (!found.includes(one)) {
      found.splice(i === 0 ? 0 : found.indexOf(columns[i - 1]!) + 1, 0, one);
    }
  });
  return found;
}

/** Long names give up room until the values beside them are in sight: what the table is looked at for. */
function inSight(columns: readonly Column[], width: number): readonly Column[] {
  const last = Math.max(
    0,
    columns.findIndex(({ kind }) => kind === 'value')
  );
  const least = columns.slice(0, last).map(({ track }) => Number(YIELDS.exec(track)?.[1] ?? 0));
  const more = columns.map(({ kind }) => (kind === 'extra' ? PROBABLY : 0));
  let over = tableWidth(columns.slice(0, last + 1)) - width;
  let most = Math.max(...least);
  while (over > 0 && most > NAMES) {
    most -= 1; // the widest ones first
    over -= least.filter((px, i) => px - more[i]! > most).length;
  }
  return columns.map((one, i) =>
    least[i]! - more[i]! > most
      ? { ...one, track: one.track.replace(YIELDS, `minmax(${most + more[i]!}px`) }
      : one
  );
}

function sized(one: Column, width: number | undefined): Column {
  return width === undefined ? one : { ...one, track: `${Math.max(LEAST, Math.round(width))}px` };
}

/** Pinned columns stand first, at widths that do not change, so that each knows where it stays. */
function placed(columns: readonly Column[], pinned: readonly string[]): Column[] {
  if (!columns.some((one) => pinned.includes(nameOf(one)))) {
    return [...columns];
  }
  const stays = (one: Column): boolean => one.kind === 'select' || pinned.includes(nameOf(one));
  let left = 0;
  const first = columns.filter(stays).map((one) => {
    const px = leastOf(one);
    const at = { ...one, track: `${px}px`, left };
    left += px;
    return at;
  });
  return [...first, ...columns.filter((one) => !stays(one))];
}

export function leastOf(one: Column): number {
  return Number(/\d+/.exec(one.track)?.[0] ?? LEAST);
}

// --- what people change ------------------------------------------------------------------------------------------

export function showColumn(given: Arrangement, name: string, shown: boolean): Arrangement {
  return { ...given, shown: { ...given.shown, [name]: shown } };
}

/** Puts a column before or after another, in the order that is shown now. */
export function moveColumn(
  given: Arrangement,
  now: readonly string[],
  name: string,
  to: number
): Arrangement {
  const order = now.filter((other) => other !== name);
  order.splice(Math.max(0, Math.min(order.length, to)), 0, name);
  return { ...given, order };
}

/** `width` null: the usual one. */
export function sizeColumn(given: Arrangement, name: string, width: number | null): Arrangement {
  const rest = Object.fromEntries(Object.entries(given.width).filter(([other]) => other !== name));
  return { ...given, width: width === null ? rest : { ...rest, [name]: Math.max(LEAST, width) } };
}

export function pinColumn(given: Arrangement, name: string, pinned: boolean): Arrangement {
  const rest = given.pinned.filter((other) => other !== name);
  return { ...given, pinned: pinned ? [...rest, name] : rest };
}
