/** What lies around a point as Python tells it, checked. Pure. */

import { previewKind } from '../../frames';
import {
  array,
  integer,
  list,
  record,
  text,
  texts,
  whole,
  WireError,
  type Buffer,
  type Json,
} from '../../read';
import type { Preview } from '../../source';
import type { PreviewKind } from '../../wire';
import type { PartMessage } from '../part';

/** Points with their pictures or texts. */
export interface Shown {
  readonly rows: readonly number[];
  readonly kind: PreviewKind;
  readonly previews: readonly (Preview | undefined)[];
}

export interface Effects extends Shown {
  /** Test points that were asked about, and how many there are. */
  readonly asked: number;
  readonly of: number;
  /** Neighbours that vote. */
  readonly k: number;
  readonly hurt: number;
  readonly helped: number;
  /** The mean of what it does to the test points, and the place of that among all `points`. */
  readonly mean: number;
  readonly rank: number;
  readonly points: number;
  /** Whether that mean is the value of the panel. */
  readonly own: boolean;
  /** Whether labels are numbers to predict. */
  readonly numeric: boolean;
  readonly ids: readonly string[];
  readonly labels: readonly string[];
  readonly worth: readonly number[];
}

export interface Around {
  readonly row: number;
  readonly near: Shown | null;
  readonly effects: Effects | null;
  /** Why something is not there; else empty. */
  readonly why: string;
}

export function readAround({ body, buffers }: PartMessage): Around {
  return {
    row: integer(body, 'row'),
    near: body.near === null ? null : readShown(record(body.near, 'near'), buffers),
    effects: body.effects === null ? null : readEffects(record(body.effects, 'effects'), buffers),
    why: body.why === '' ? '' : text(body, 'why'),
  };
}

function readShown(told: Json, buffers: readonly Buffer[]): Shown {
  const rows = list(told, 'rows').map((row) => whole(row, 'a row'));
  const kind = previewKind(told.preview);
  const pixels = told.pixels === null ? null : array(told.pixels, 'u1', buffers, null, 'pixels');
  const words = told.texts === null ? null : texts(told, 'texts', true);
  if ((words !== null && words.length !== rows.length) || (kind.kind === 'image') !== (pixels !== null)) {
    if (rows.length > 0) {
      throw new WireError(`${rows.length} points are told, and something else is shown of them.`);
    }
  }
  const size = (pixels?.length ?? 0) / (rows.length || 1);
  const previews = rows.map((_, i) => pixels?.slice(i * size, (i + 1) * size) ?? words?.[i]);
  return { rows, kind, previews };
}

function readEffects(told: Json, buffers: readonly Buffer[]): Effects {
  const shown = readShown(told, buffers);
  const [ids, labels] = [texts(told, 'ids'), texts(told, 'labels')];
  const worth = list(told, 'worth').map(finite);
  if ([ids, labels, worth].some((column) => column.length !== shown.rows.length)) {
    throw new WireError(`${shown.rows.length} test points are told, and something else of them.`);
  }
  const [asked, of, k, hurt, helped, rank, points] = (
    ['asked', 'of', 'k', 'hurt', 'helped', 'rank', 'points'] as const
  ).map((key) => integer(told, key)) as [number, number, number, number, number, number, number];
  const [numeric, own] = [told.numeric === true, told.own === true];
  return {
    ...shown,
    asked,
    of,
    k,
    hurt,
    helped,
    rank,
    points,
    numeric,
    own,
    ids,
    labels,
    worth,
    mean: finite(told.mean),
  };
}

function finite(item: unknown): number {
  if (typeof item !== 'number' || !Number.isFinite(item)) {
    throw new WireError('What a point does to a test point should be a number.');
  }
  return item;
}
