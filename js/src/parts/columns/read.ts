/** Reads columns that Python sends to a panel: `{columns: [{id, name, tip, type, ...}]}`. Any part may send them. Pure. */

import { UNKNOWN_CODE, type ExtraColumn, type ExtraData } from '../../points';
import { array, list, record, show, text, texts, WireError, words, type Buffer, type Json } from '../../read';

/** `n`: of points. Throws WireError. */
export function readColumns(body: Json, buffers: readonly Buffer[], n: number): ExtraColumn[] {
  return list(body, 'columns').map((item) => {
    const m = record(item, 'A column');
    const name = text(m, 'name');
    return { id: text(m, 'id'), name, tip: words(m.tip, 'tip', true), data: dataOf(m, buffers, n, name) };
  });
}

function dataOf(m: Json, buffers: readonly Buffer[], n: number, name: string): ExtraData {
  switch (m.type) {
    case 'number':
      return { kind: 'number', values: array(m.values, 'f4', buffers, n, name) };
    case 'class': {
      const classes = texts(m, 'classes');
      const codes = array(m.codes, 'u2', buffers, n, name);
      if (codes.some((code) => code >= classes.length && code !== UNKNOWN_CODE)) {
        throw new WireError(`${name} has a code beyond its ${classes.length} classes.`);
      }
      const sure = m.probability === undefined ? null : array(m.probability, 'f4', buffers, n, name);
      return { kind: 'class', classes, codes, probability: sure };
    }
    case 'text': {
      const all = texts(m, 'texts', true);
      if (all.length !== n) {
        throw new WireError(`${name} should hold ${n} texts; it has ${all.length}.`);
      }
      return { kind: 'text', texts: all };
    }
    default:
      throw new WireError(`Column ${name} is of type ${show(m.type)}, which this page does not know.`);
  }
}
