/** The tests of filters that only a live panel has: ranges and classes of any column, and the expression. Pure. */

import type { ColumnId, Ranks } from '../../columns';
import type { MoreFilters, Test } from '../../filters';
import type { Points } from '../../points';
import { fieldOf, scopeOf } from '../columns/fields';
import { compile } from '../expression/compile';
import { ExpressionError } from '../expression/tokens';

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
    try {
      const mask = compile(more.expression, scopeOf(points, ranks, selected))();
      tests.push((row) => mask[row] === 1);
    } catch (error) {
      if (!(error instanceof ExpressionError)) {
        throw error;
      }
    }
  }
  return tests;
}

/** Why the expression filters nothing: a column that it names is not here. Null where it does filter. */
export function idle(expression: string, points: Points, ranks: Ranks): string | null {
  if (expression === '') {
    return null;
  }
  try {
    compile(expression, scopeOf(points, ranks, new Set()));
    return null;
  } catch (error) {
    if (error instanceof ExpressionError) {
      return error.message;
    }
    throw error;
  }
}
