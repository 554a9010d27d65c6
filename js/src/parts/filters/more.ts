/** The tests of filters that only a live panel has: ranges and classes of any column, and the expression. Pure. */

import type { ColumnId, Ranks } from '../../columns';
import type { MoreFilters, Test } from '../../filters';
import type { Points } from '../../points';
import { fieldOf } from '../columns/fields';
import { spoken } from '../expression/language';
import { unread, idleWords } from '../expression/words';

/** A filter on a column that is not here, or no longer, filters nothing; see `idle`. */
export function moreTests(
  points: Points,
  more: MoreFilters,
  ranks: Ranks,
  selected: ReadonlySet<number>
): Test[] {
  const tests: Test[] = [];
  for (const [id, [lo, hi]] of Object.entries(more.ranges)) {
    const field = fieldOf(points, ranks, id as ColumnId);
    if (field?.kind === 'number') {
      const { numbers } = field;
      tests.push((row) => numbers[row]! >= lo && numbers[row]! <= hi);
    }
  }
  for (const [id, names] of Object.entries(more.classes)) {
    const field = fieldOf(points, ranks, id as ColumnId);
    if (field?.kind === 'class') {
      const { codes } = field;
      const wanted = field.classes.map((name) => names.includes(name));
      tests.push((row) => wanted[codes[row]!] === true);
    }
  }
  if (more.expression !== '') {
    const made = spoken().language?.read(more.expression, points, ranks, selected);
    if (typeof made === 'function') {
      const mask = made();
      tests.push((row) => mask[row] === 1);
    }
  }
  return tests;
}

/** Why the expression filters nothing: a column that it names is not here, or what reads it. Empty where it does filter. */
export function idle(expression: string, points: Points, ranks: Ranks): string {
  if (expression === '') {
    return '';
  }
  const { language, failed } = spoken();
  if (language === null) {
    return unread(failed);
  }
  const made = language.read(expression, points, ranks, new Set());
  return typeof made === 'string' ? idleWords(made) : '';
}
