/** Reads a filter expression into a tree. Pure, and never evaluates anything as code. */

import { COMPARISONS, ExpressionError, tokens, type Token } from './tokens';
import { Say, WORDS } from './words';

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** A name, a number or a text, and where it stands. */
export interface Operand {
  readonly kind: 'name' | 'number' | 'text';
  readonly name: string;
  readonly number: number;
  readonly from: number;
  readonly to: number;
}

export type Node =
  | { readonly op: 'and' | 'or'; readonly a: Node; readonly b: Node }
  | { readonly op: 'not'; readonly a: Node }
  | { readonly op: 'compare'; readonly by: Comparison; readonly a: Operand; readonly b: Operand }
  | { readonly op: 'in'; readonly a: Operand; readonly items: readonly Operand[] }
  | { readonly op: 'contains'; readonly a: Operand; readonly b: Operand }
  | { readonly op: 'mark'; readonly a: Operand };

/** Deeper than anybody writes; a tree is walked by recursion. */
const MAX_DEPTH = 200;

/** Throws ExpressionError. */
export function parse(text: string): Node {
  return new Parser(tokens(text)).whole();
}

class Parser {
  #at = 0;
  #depth = 0;

  readonly #found: readonly Token[];

  constructor(found: readonly Token[]) {
    this.#found = found;
  }

  whole(): Node {
    const node = this.#or();
    const rest = this.#next();
    if (rest.kind !== 'end') {
      throw new ExpressionError(WORDS.more(rest.value), rest.from, rest.to);
    }
    return node;
  }

  #next(): Token {
    return this.#found[this.#at]!;
  }

  #takes(...values: string[]): string | null {
    const { kind, value } = this.#next();
    if ((kind === 'sign' || kind === 'word') && values.includes(value)) {
      this.#at += 1;
      return value;
    }
    return null;
  }

  #or(): Node {
    let node = this.#and();
    while (this.#takes('or') !== null) {
      node = { op: 'or', a: node, b: this.#and() };
    }
    return node;
  }

  #and(): Node {
    let node = this.#not();
    while (this.#takes('and') !== null) {
      node = { op: 'and', a: node, b: this.#not() };
    }
    return node;
  }

  #not(): Node {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) {
      throw new ExpressionError(WORDS.strange(this.#next().value), this.#next().from, this.#next().to);
    }
    const node: Node = this.#takes('not') === null ? this.#condition() : { op: 'not', a: this.#not() };
    this.#depth -= 1;
    return node;
  }

  #condition(): Node {
    if (this.#takes('(') !== null) {
      const node = this.#or();
      if (this.#takes(')') === null) {
        throw new ExpressionError(WORDS.close, this.#next().from, this.#next().to);
      }
      return node;
    }
    const a = this.#operand(WORDS.nothing);
    if (this.#takes('contains') !== null) {
      return { op: 'contains', a, b: this.#operand(WORDS.item) };
    }
    if (this.#takes('in') !== null) {
      return { op: 'in', a, items: this.#items() };
    }
    if (this.#next().value === 'not' && this.#found[this.#at + 1]?.value === 'in') {
      this.#at += 2;
      return { op: 'not', a: { op: 'in', a, items: this.#items() } };
    }
    return this.#comparisons(a);
  }

  /** One comparison, or a chain: 0 < value < 1. */
  #comparisons(first: Operand): Node {
    let node: Node | null = null;
    let a = first;
    for (let by = this.#takes(...COMPARISONS); by !== null; by = this.#takes(...COMPARISONS)) {
      const b = this.#operand(WORDS.nothing);
      const one: Node = { op: 'compare', by: by as Comparison, a, b };
      node = node === null ? one : { op: 'and', a: node, b: one };
      a = b;
    }
    if (node === null && first.kind !== 'name') {
      throw new ExpressionError(WORDS.comparison, this.#next().from, this.#next().to);
    }
    return node ?? { op: 'mark', a: first };
  }

  #items(): Operand[] {
    const close = { '(': ')', '[': ']' }[this.#takes('(', '[') ?? ''];
    if (close === undefined) {
      throw new ExpressionError(Say.list, this.#next().from, this.#next().to);
    }
    const items: Operand[] = [];
    do {
      const item = this.#operand(WORDS.item);
      if (item.kind === 'name') {
        throw new ExpressionError(WORDS.item, item.from, item.to);
      }
      items.push(item);
    } while (this.#takes(',') !== null);
    if (this.#takes(close) === null) {
      throw new ExpressionError(WORDS.close.replace(')', close), this.#next().from, this.#next().to);
    }
    return items;
  }

  #operand(missing: string): Operand {
    const { from } = this.#next();
    const minus = this.#takes('-') !== null;
    const { kind, value, to } = this.#next();
    if (kind === 'number' || (!minus && (kind === 'name' || kind === 'text'))) {
      this.#at += 1;
      const number = kind === 'number' ? Number(value) * (minus ? -1 : 1) : NaN;
      return { kind, name: value, number, from, to };
    }
    throw new ExpressionError(missing, this.#next().from, to);
  }
}
