/** The language of filter expressions: reads and completes them, for all fields of a page's panels. */

import type { Language } from './expression/language';
import { speak } from './expression/language';
import { compile } from './expression/compile';
import { scopeOf } from './expression/scope';
import { ExpressionError } from './expression/tokens';
import { takeField } from './expression/typing';
import type { Part } from './part';

const LANGUAGE: Language = {
  read(text, points, ranks, selected) {
    try {
      return compile(text, scopeOf(points, ranks, selected));
    } catch (error) {
      if (!(error instanceof ExpressionError)) {
        throw error;
      }
      return error.message;
    }
  },
  take: takeField,
};

export function makeExpression(): Part {
  speak({ language: LANGUAGE, failed: false });
  return {};
}
