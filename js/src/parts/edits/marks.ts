/** Flags and notes: read from Python's message, kept as columns of the points. Pure. */

import type { ExtraColumn, Points } from '../../points';
import { array, texts, WireError } from '../../read';
import type { PartMessage } from '../part';
import { Say } from './words';

export interface Marks {
  readonly flagged: Uint32Array;
  readonly noted: Uint32Array;
  /** Of each noted point, which of the texts. */
  readonly codes: Uint32Array;
  readonly texts: readonly string[];
}

export function readMarks({ body, buffers }: PartMessage): Marks {
  const noted = array(body.noted, 'u4', buffers, null, 'noted');
  const marks = {
    flagged: array(body.flagged, 'u4', buffers, null, 'flagged'),
    noted,
    codes: array(body.codes, 'u4', buffers, noted.length, 'codes'),
    texts: texts(body, 'texts', true),
  };
  if (marks.codes.some((code) => code >= marks.texts.length)) {
    throw new WireError(`A note is of text ${Math.max(...marks.codes)}; ${marks.texts.length} came.`);
  }
  return marks;
}

/** Puts them into the points; a column of which nothing is left goes away. */
export function putMarks(points: Points, marks: Marks): void {
  for (const rows of [marks.flagged, marks.noted]) {
    if (rows.some((row) => row >= points.n)) {
      throw new WireError(`A point is marked that is not one of the ${points.n}.`);
    }
  }
  put(points, 'flagged', marks.flagged.length, () => {
    const values = new Float32Array(points.n);
    marks.flagged.forEach((row) => (values[row] = 1));
    return { name: 'flagged', tip: Say.flagged, data: { kind: 'number', values } };
  });
  put(points, 'note', marks.noted.length, () => {
    const notes = new Array<string>(points.n).fill('');
    marks.noted.forEach((row, i) => (notes[row] = marks.texts[marks.codes[i]!]!));
    return { name: 'comment', tip: Say.noteColumn, data: { kind: 'text', texts: notes } };
  });
}

function put({ extra }: Points, id: string, any: number, make: () => Omit<ExtraColumn, 'id'>): void {
  if (any > 0) {
    extra.set(id, { id, ...make() });
  } else {
    extra.delete(id);
  }
}
