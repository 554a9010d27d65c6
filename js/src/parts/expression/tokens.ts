/** The words of a filter expression, with their places. Pure. */

import { WORDS } from './words';

export type TokenKind = 'number' | 'text' | 'name' | 'word' | 'sign' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** The number, the text, the name, or the word or sign itself. */
  readonly value: string;
  readonly from: number;
  readonly to: number;
}

/** What is wrong, and where: from one letter of the text to another. */
export class ExpressionError extends Error {
  override name = 'ExpressionError';

  constructor(
    message: string,
    readonly from: number,
    readonly to: number,
    /** The column that there is not, where that is what is wrong. */
    readonly column = ''
  ) {
    super(message);
  }
}

export const KEYWORDS: ReadonlySet<string> = new Set(['and', 'or', 'not', 'in', 'contains']);
export const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);

const PIECES =
  /\s+|(?<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?<name>[\p{L}_][\p{L}\p{M}\p{N}_]*)|(?<sign>==|!=|<=|>=|&&|\|\||[^\s\p{L}\p{N}_])/uy;

export function tokens(text: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const quote = text[at]!;
    if (quote === '"' || quote === "'" || quote === '`') {
      const token = quoted(text, at);
      found.push(token);
      at = token.to;
      continue;
    }
    PIECES.lastIndex = at;
    const match = PIECES.exec(text);
    if (match === null) {
      throw new ExpressionError(WORDS.strange(quote), at, at + 1);
    }
    const { number, name, sign } = match.groups!;
    const to = at + match[0].length;
    if (number !== undefined) {
      found.push({ kind: 'number', value: number, from: at, to });
    } else if (name !== undefined) {
      const word = name.toLowerCase();
      found.push(
        KEYWORDS.has(word)
          ? { kind: 'word', value: word, from: at, to }
          : { kind: 'name', value: name, from: at, to }
      );
    } else if (sign !== undefined) {
      found.push({ kind: 'sign', value: known(sign, at, to), from: at, to });
    }
    at = to;
  }
  return [...found, { kind: 'end', value: '', from: text.length, to: text.length }];
}

const SIGNS = new Set([...COMPARISONS, '(', ')', '[', ']', ',', '-', '\u2212']);
const MEANT: Readonly<Record<string, string>> = {
  '=': '==',
  '&&': 'and',
  '&': 'and',
  '||': 'or',
  '|': 'or',
  '!': 'not',
  '~': 'not',
  '\u2264': '<=',
  '\u2265': '>=',
  '\u2260': '!=',
};

function known(sign: string, from: number, to: number): string {
  if (SIGNS.has(sign)) {
    return sign === '\u2212' ? '-' : sign;
  }
  const meant = MEANT[sign];
  throw new ExpressionError(meant === undefined ? WORDS.strange(sign) : WORDS.instead(sign, meant), from, to);
}

/** A text in quotes, or a name in backquotes; a backslash takes the meaning from what follows. */
function quoted(text: string, from: number): Token {
  const quote = text[from]!;
  let value = '';
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\' && at + 1 < text.length) {
      at += 1;
    } else if (text[at] === quote) {
      return { kind: quote === '`' ? 'name' : 'text', value, from, to: at + 1 };
    }
    value += text[at]!;
  }
  throw new ExpressionError(WORDS.open(quote), from, text.length);
}

/** A name as an expression writes it. */
export function written(name: string): string {
  const plain = /^[\p{L}_][\p{L}\p{M}\p{N}_]*$/u.test(name) && !KEYWORDS.has(name.toLowerCase());
  return plain ? name : `\`${name.replace(/[\\`]/g, '\\$&')}\``;
}
