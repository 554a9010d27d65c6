/** What the field of expressions shows while it is empty. Pure. */

import type { Labels } from '../../wire';
import { example } from './words';

/** Of the points' own classes, so that it holds for some. */
export function exampleFor(label: Labels | null): string {
  const own =
    label === null
      ? 'rank < 20'
      : label.kind === 'number'
        ? 'target > 0'
        : `label == ${inQuotes(label.classes[0] ?? '')}`;
  return example(own);
}

/** A text as an expression writes it. */
export function inQuotes(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}
