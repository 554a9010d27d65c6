/** What may come next in an expression at a place of it. Pure. */

import type { Field } from '../columns/fields';
import { inQuotes } from './example';
import type { Scope } from './scope';
import { COMPARISONS, ExpressionError, tokens, written, type Token } from './tokens';
import { WORDS } from './words';

export interface Option {
  /** What goes into the expression. */
  readonly insert: string;
  readonly hint: string;
}

export interface Completions {
  /** The letters that a choice replaces. */
  readonly from: number;
  readonly to: number;
  readonly options: readonly Option[];
}

const MOST = 12;
const BETWEEN: readonly Option[] = ['and', 'or'].map((insert) => ({ insert, hint: '' }));

export function complete(text: string, caret: number, scope: Scope): Completions {
  const { before, part, from } = split(text.slice(0, caret));
  const options = following(before, scope);
  const typed = part.replace(/^["'`]/, '').toLowerCase();
  const bare = (option: Option): string => option.insert.replace(/^["'`]/, '').toLowerCase();
  const begins = options.filter((option) => bare(option).startsWith(typed));
  const has = options.filter((option) => !bare(option).startsWith(typed) && bare(option).includes(typed));
  const fit = typed === '' ? options : [...begins, ...has];
  const whole = fit.length === 1 && fit[0]!.insert === part;
  return { from, to: caret, options: whole ? [] : fit.slice(0, MOST) };
}

/** The finished words before the caret, and the one that is being written. */
function split(text: string): { before: Token[]; part: string; from: number } {
  let found: Token[];
  let open = text.length;
  try {
    found = tokens(text).slice(0, -1);
  } catch (error) {
    if (!(error instanceof ExpressionError)) {
      throw error;
    }
    open = error.from;
    try {
      found = tokens(text.slice(0, open)).slice(0, -1);
    } catch {
      found = [];
    }
    return { before: found, part: text.slice(open), from: open };
  }
  const last = found.at(-1);
  const growing =
    last !== undefined && last.to === text.length && (last.kind === 'name' || last.kind === 'word');
  return growing
    ? { before: found.slice(0, -1), part: text.slice(last.from), from: last.from }
    : { before: found, part: '', from: text.length };
}

function following(before: readonly Token[], scope: Scope): readonly Option[] {
  const last = before.at(-1);
  const subject = subjectOf(before);
  const field = subject === null ? undefined : scope.find(subject);
  if (last !== undefined && (COMPARISONS.has(last.value) || last.value === 'contains' || inList(before))) {
    return last.kind === 'number' || last.kind === 'text' ? [] : valuesOf(field, scope, subject);
  }
  if (last === undefined || ['and', 'or', 'not', '('].includes(last.value)) {
    const names = scope.names.map((name) => ({ insert: written(name), hint: hintOf(scope.find(name)) }));
    return last?.value === 'not' ? names : [...names, { insert: 'not', hint: '' }];
  }
  if (last.kind === 'name' && !COMPARISONS.has(before.at(-2)?.value ?? '')) {
    return operators(scope.find(last.value));
  }
  return last.value === 'in' ? [{ insert: '(', hint: '' }] : BETWEEN;
}

/** The column that what is being written is compared with. */
function subjectOf(before: readonly Token[]): string | null {
  for (let i = before.length - 1; i >= 0; i--) {
    const { kind, value } = before[i]!;
    if (kind === 'name') {
      return value;
    }
    if (value === 'and' || value === 'or' || value === ')') {
      return null;
    }
  }
  return null;
}

/** Whether the caret is inside of `in (...)`. */
function inList(before: readonly Token[]): boolean {
  for (let i = before.length - 1; i > 0; i--) {
    const { value, kind } = before[i]!;
    if (kind === 'sign' && (value === '(' || value === '[')) {
      return before[i - 1]!.value === 'in';
    }
    if (kind === 'word' || (kind === 'sign' && (value === ')' || value === ']'))) {
      return false;
    }
  }
  return false;
}

function valuesOf(field: Field | undefined, scope: Scope, subject: string | null): readonly Option[] {
  if (field?.kind === 'class') {
    return field.classes.slice(0, 1000).map((name) => ({ insert: inQuotes(name), hint: '' }));
  }
  if (field?.kind === 'number') {
    return scope.names
      .filter((name) => name !== subject && scope.find(name)?.kind === 'number')
      .map((name) => ({ insert: written(name), hint: WORDS.kinds.number }));
  }
  return [];
}

function operators(field: Field | undefined): readonly Option[] {
  const signs = {
    number: ['<', '<=', '>', '>=', '==', '!=', 'in'],
    // eslint-disable-next-line no-restricted-syntax -- operators of the language
    class: ['==', '!=', 'in', 'not in', 'contains'],
    text: ['contains', '==', '!=', 'in'],
    mark: ['and', 'or'],
  }[field?.kind ?? 'number'];
  return signs.map((insert) => ({ insert, hint: '' }));
}

function hintOf(field: Field | undefined): string {
  return field === undefined ? '' : WORDS.kinds[field.kind];
}
