/** The list of doubtful test points as Python tells it. Pure. */

import { edits, ids, labels, previewKind } from '../../frames';
import type { Points } from '../../points';
import { array, integer, list, record, text, texts, whole, WireError, type Json } from '../../read';
import type { Preview } from '../../source';
import type { PartMessage } from '../part';

export interface Doubt {
  /** Position in the test set. */
  readonly row: number;
  readonly id: string;
  /** What the model says. */
  readonly said: string;
  /** How probable it holds that, and the point's own label; null where it does not say. */
  readonly sure: number | null;
  readonly own: number | null;
  /** The share of its neighbours with another label; null where none were asked. */
  readonly against: number | null;
  readonly preview: Preview | undefined;
}

export interface Doubts {
  readonly model: string;
  readonly doubted: number;
  readonly asked: number;
  readonly neighbours: number;
  /** Why no neighbours were asked; else empty. */
  readonly why: string;
  readonly list: readonly Doubt[];
}

type TestPoints = Pick<Points, 'n' | 'label' | 'dropped' | 'edits' | 'preview'>;

export function readDoubts({ body, buffers }: PartMessage): [TestPoints, Doubts] {
  const n = integer(body, 'n');
  const told = record(body.list, 'list');
  const rows = readRows(told);
  const k = rows.length;
  if (rows.some((row) => row >= n)) {
    throw new WireError(`A test point is listed that is not one of the ${n}.`);
  }
  const names = ids(body, k, 'test points');
  const said = texts(told, 'said');
  const [sure, own, against] = [told.sure, told.own, told.against].map((some) => shares(some, k));
  const preview = previewKind(body.preview);
  const pixels = body.pixels === null ? null : array(body.pixels, 'u1', buffers, null, 'pixels');
  const shown = body.texts === null ? null : texts(body, 'texts', true);
  if (said.length !== k || (preview.kind === 'text' && shown?.length !== k)) {
    throw new WireError(`${k} test points are listed, and something else is told of them.`);
  }
  const size = (pixels?.length ?? 0) / (k || 1);
  const points = {
    n,
    label: labels(body.label, buffers, n),
    dropped: array(body.dropped, 'u1', buffers, n, 'dropped'),
    edits: edits(body.edits),
    preview,
  };
  const pictures = preview.kind === 'image' ? pixels : null;
  const found = rows.map((row, i) => ({
    row,
    id: names?.[i] ?? String(row),
    said: said[i]!,
    sure: sure![i]!,
    own: own![i]!,
    against: against![i]!,
    preview: pictures?.slice(i * size, (i + 1) * size) ?? shown?.[i],
  }));
  return [
    points,
    {
      model: text(told, 'model'),
      doubted: integer(told, 'doubted'),
      asked: integer(told, 'asked'),
      neighbours: integer(told, 'neighbours'),
      why: text(told, 'why'),
      list: found,
    },
  ];
}

export function readRows(told: Json): number[] {
  return list(told, 'rows').map((row) => whole(row, 'a row'));
}

function shares(item: unknown, k: number): (number | null)[] {
  if (!Array.isArray(item) || item.length !== k) {
    throw new WireError(`Shares should be a list of ${k} numbers.`);
  }
  return item.map((x) => (typeof x === 'number' && x >= 0 && x <= 1 ? x : null));
}
