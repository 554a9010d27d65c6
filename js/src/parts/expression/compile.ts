/** Binds an expression to the columns it names, and answers which rows it holds for. Pure. */

import type { Field } from '../columns/fields';
import { inQuotes } from './example';
import type { Scope } from './scope';
import type { Mask } from './language';
import { nearest } from './meant';
import { parse, type Comparison, type Node, type Operand } from './parse';
import { ExpressionError, written } from './tokens';
import { WORDS } from './words';

/** What a comparison with something unknown says is no, != included. */
const SIDES: Readonly<Record<Comparison, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a < b || a > b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};
const TURNED: Readonly<Record<Comparison, Comparison>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

/** Checks the expression against the columns; throws ExpressionError. What is returned computes the mask. */
export function compile(text: string, scope: Scope): () => Mask {
  return bind(parsed(text, scope.names), scope);
}

/** What cannot be read because a name with spaces stands there as it is gets told so. */
function parsed(text: string, names: readonly string[]): Node {
  try {
    return parse(text);
  } catch (error) {
    for (const name of names) {
      const at = /\S\s+\S/.test(name) ? text.indexOf(name) : -1;
      if (at >= 0 && !/["'`]$/.test(text.slice(0, at))) {
        throw new ExpressionError(WORDS.instead(name, written(name)), at, at + name.length);
      }
    }
    throw error;
  }
}

function bind(node: Node, scope: Scope): () => Mask {
  switch (node.op) {
    case 'and':
    case 'or': {
      const [a, b] = [bind(node.a, scope), bind(node.b, scope)];
      const all = node.op === 'and';
      return () => {
        const [mask, other] = [a(), b()];
        for (let row = 0; row < mask.length; row++) {
          mask[row] = all ? mask[row]! & other[row]! : mask[row]! | other[row]!;
        }
        return mask;
      };
    }
    case 'not': {
      const a = bind(node.a, scope);
      return () => {
        const mask = a();
        for (let row = 0; row < mask.length; row++) {
          mask[row]! ^= 1;
        }
        return mask;
      };
    }
    case 'compare':
      return marked(scope.n, comparison(node.by, node.a, node.b, scope));
    case 'in':
      return marked(scope.n, among(node.a, node.items, scope));
    case 'contains':
      return marked(scope.n, contains(node.a, node.b, scope));
    case 'mark': {
      const field = named(node.a, scope);
      if (field.kind !== 'mark') {
        throw new ExpressionError(WORDS.comparison, node.a.to, node.a.to);
      }
      return marked(scope.n, field.holds);
    }
  }
}

type Test = (row: number) => boolean;

function marked(n: number, test: Test): () => Mask {
  return () => {
    const mask = new Uint8Array(n);
    for (let row = 0; row < n; row++) {
      mask[row] = test(row) ? 1 : 0;
    }
    return mask;
  };
}

/** `classes`: what may have been meant without the quotes that it needs. */
function named(a: Operand, scope: Scope, classes: readonly string[] = []): Field {
  const field = scope.find(a.name);
  if (field === undefined) {
    const near = nearest(a.name, scope.names);
    const word = classes.includes(a.name) ? inQuotes(a.name) : near === null ? null : written(near);
    throw new ExpressionError(WORDS.noColumn(a.name, word), a.from, a.to, a.name);
  }
  return field;
}

function classesOf(field: Field | undefined): readonly string[] {
  return field?.kind === 'class' ? field.classes : [];
}

function comparison(by: Comparison, a: Operand, b: Operand, scope: Scope): Test {
  if (a.kind !== 'name') {
    if (b.kind !== 'name') {
      throw new ExpressionError(WORDS.constants, a.from, b.to);
    }
    return comparison(TURNED[by], b, a, scope);
  }
  const field = named(a, scope, b.kind === 'name' ? classesOf(scope.find(b.name)) : []);
  if (field.kind === 'mark') {
    throw new ExpressionError(WORDS.mark(a.name), a.from, b.to);
  }
  if (b.kind === 'name') {
    return ofColumns(by, a, b, scope);
  }
  if (field.kind === 'number') {
    const k = numberOf(a, b);
    const side = SIDES[by];
    const { numbers } = field;
    return numbers instanceof Float32Array && (by === '==' || by === '!=')
      ? (row) => side(numbers[row]!, Math.fround(k)) // 0.1 is what the column holds of it
      : (row) => side(numbers[row]!, k);
  }
  if (by !== '==' && by !== '!=') {
    throw new ExpressionError((field.kind === 'class' ? WORDS.order : WORDS.textOrder)(a.name), a.from, b.to);
  }
  return equal(field, [b], a, by === '!=');
}

function numberOf(a: Operand, b: Operand): number {
  if (b.kind !== 'number') {
    throw new ExpressionError(WORDS.wantsNumber(a.name), b.from, b.to);
  }
  return b.number;
}

/** Whether classes or texts are among those written; `other`: whether they are known and not. */
function equal(
  field: Exclude<Field, { kind: 'number' | 'mark' }>,
  items: readonly Operand[],
  a: Operand,
  other = false
): Test {
  if (field.kind === 'text') {
    const wanted = new Set(items.map((item) => item.name));
    return (row) => wanted.has(field.text(row)) !== other;
  }
  const { codes, classes } = field;
  const wanted = new Uint8Array(65536);
  items.forEach((item) => (wanted[codeOf(classes, item, a)] = 1));
  return other
    ? (row) => wanted[codes[row]!] === 0 && codes[row]! < classes.length
    : (row) => wanted[codes[row]!] === 1;
}

function codeOf(classes: readonly string[], item: Operand, a: Operand): number {
  const code = classes.indexOf(item.name);
  const like =
    code < 0 && item.kind === 'number' ? classes.findIndex((c) => Number(c) === item.number) : code;
  if (like < 0) {
    const near = nearest(item.name, classes);
    const words =
      item.kind === 'number'
        ? WORDS.wantsText(a.name, inQuotes(classes[0] ?? 'a'))
        : WORDS.noClass(inQuotes(item.name), near === null ? null : inQuotes(near));
    throw new ExpressionError(words, item.from, item.to);
  }
  return like;
}

function ofColumns(by: Comparison, a: Operand, b: Operand, scope: Scope): Test {
  const left = named(a, scope);
  const right = named(b, scope, classesOf(left));
  const side = SIDES[by];
  if (left.kind === 'number' && right.kind === 'number') {
    return (row) => side(left.numbers[row]!, right.numbers[row]!);
  }
  if (left.kind !== 'class' || right.kind !== 'class') {
    throw new ExpressionError(WORDS.unlike(a.name, b.name), a.from, b.to);
  }
  if (by !== '==' && by !== '!=') {
    throw new ExpressionError(WORDS.order(a.name), a.from, b.to);
  }
  const known = left.classes.length;
  const place = new Map(left.classes.map((name, code) => [name, code]));
  const codes = right.classes.map((name, i) => place.get(name) ?? known + i);
  return (row) => {
    const [one, two] = [left.codes[row]!, codes[right.codes[row]!]];
    return one < known && two !== undefined && (one === two) === (by === '==');
  };
}

function among(a: Operand, items: readonly Operand[], scope: Scope): Test {
  if (a.kind !== 'name') {
    throw new ExpressionError(WORDS.constants, a.from, a.to);
  }
  const field = named(a, scope);
  if (field.kind === 'mark') {
    throw new ExpressionError(WORDS.mark(a.name), a.from, a.to);
  }
  if (field.kind !== 'number') {
    return equal(field, items, a);
  }
  const { numbers } = field;
  const single = numbers instanceof Float32Array;
  const wanted = new Set(items.map((item) => (single ? Math.fround : Number)(numberOf(a, item))));
  return (row) => wanted.has(numbers[row]!);
}

/** Whatever the case. */
function contains(a: Operand, b: Operand, scope: Scope): Test {
  if (a.kind !== 'name' || b.kind === 'name') {
    const wrong = a.kind === 'name' ? b : a;
    throw new ExpressionError(WORDS.item, wrong.from, wrong.to);
  }
  const field = named(a, scope);
  const part = b.name.toLowerCase();
  switch (field.kind) {
    case 'number':
      throw new ExpressionError(WORDS.noContains(a.name), a.from, b.to);
    case 'mark':
      throw new ExpressionError(WORDS.mark(a.name), a.from, b.to);
    case 'text':
      return (row) => field.text(row).toLowerCase().includes(part);
    case 'class': {
      const wanted = field.classes.map((name) => name.toLowerCase().includes(part));
      return (row) => wanted[field.codes[row]!] === true;
    }
  }
}
