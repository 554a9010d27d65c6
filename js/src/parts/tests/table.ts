/** Listed test points as a table for other programs: names as in Python's tables, one line a point. Pure. */

import { isFlagged, isRelabelled, noteOf, type Points } from '../../points';
import { safe } from '../columns/spreadsheet';
import type { Doubt } from './read';

const NAMES = [
  'position',
  'id',
  'label',
  'label_before',
  'model_label',
  'model_probability',
  'label_probability',
  'neighbours_against',
  'neighbours',
  'flagged',
  'note',
];

/** `neighbours`: how many were asked about each. */
export function tableOf(points: Points, doubts: readonly Doubt[], neighbours: number): string[][] {
  const { label } = points;
  const word = (codes: Uint16Array, row: number): string =>
    label?.kind === 'class' ? (label.classes[codes[row]!] ?? '') : '';
  return [
    NAMES,
    ...doubts.map(({ row, id, said, sure, own, against }) => [
      String(row),
      safe(id),
      label?.kind === 'class' ? safe(word(label.codes, row)) : '',
      label?.kind === 'class' && isRelabelled(points, row) ? safe(word(label.original, row)) : '',
      safe(said),
      share(sure),
      share(own),
      against === null ? '' : String(Math.round(against * neighbours)),
      against === null ? '' : String(neighbours),
      isFlagged(points, row) ? '1' : '0',
      safe(noteOf(points, row)),
    ]),
  ];
}

function share(x: number | null): string {
  return x === null ? '' : String(Number(x.toPrecision(8)));
}
