import { describe, expect, it } from 'vitest';

import { ranks } from '../src/columns';
import { complete } from '../src/parts/expression/complete';
import { compile } from '../src/parts/expression/compile';
import { exampleFor } from '../src/parts/expression/example';
import { scopeOf, type Scope } from '../src/parts/expression/scope';
import { ExpressionError } from '../src/parts/expression/tokens';
import { classLabels, makePoints } from './make';

const points = makePoints([-3, -0.5, 0.1, 2, NaN], {
  label: classLabels(['cat', 'infected', 'a "b"'], [0, 1, 1, 2, 0], [0, 0, 1, 2, 0]),
  ids: ['p1', 'p2', 'P12', 'q4', 'q5'],
  converged: Uint8Array.of(1, 0, 1, 0, 0),
  dropped: Uint8Array.of(1, 0, 0, 0, 0),
  features: [
    { name: 'ink', values: Float32Array.of(1, 2, 3, 4, 5) },
    { name: 'red cells', values: Float32Array.of(9, 8, 7, 6, NaN) },
    { name: 'and', values: Float32Array.of(0, 0, 1, 1, 1) },
    { name: 'value', values: Float32Array.of(7, 8, 9, 7, 7) },
    { name: ' ', values: Float32Array.of(0, 0, 0, 0, 0) },
  ],
});
points.extra.set('suggested', {
  id: 'suggested',
  name: 'suggested',
  tip: '',
  data: {
    kind: 'class',
    classes: ['infected', 'cat'],
    codes: Uint16Array.of(0, 0, 0, 65535, 1),
    probability: Float32Array.of(0.9, 0.8, 0.7, NaN, 0.6),
  },
});
const scope: Scope = scopeOf(points, ranks(points), new Set([2, 3]));

const rows = (text: string): number[] => {
  const mask = compile(text, scope)();
  return [...mask.keys()].filter((row) => mask[row] === 1);
};
const refusal = (text: string): [string, string] => {
  try {
    compile(text, scope);
  } catch (error) {
    const { message, from, to } = error as ExpressionError;
    return [message, text.slice(from, to)];
  }
  throw new Error(`${text} was taken`);
};

describe('an expression', () => {
  it('filters as the issue writes it', () => {
    expect(rows('value < 0 and label == "infected"')).toEqual([1]);
  });

  it('says how a name with spaces is written', () => {
    const told = ['Write `red cells` instead of red cells.', 'red cells'];
    expect(refusal('value < 0 and red cells > 7')).toEqual(told);
    expect(refusal('red cells')).toEqual(told);
    expect(refusal('`red cells` > 7 and')[0]).toContain('missing');
    expect(refusal('label == "red cells" and')[0]).toContain('missing');
  });

  it('asks for what nobody did yet, and says which column it lacks', () => {
    expect([rows('flagged'), rows('edited and not flagged')]).toEqual([[], [0, 1]]);
    const lacking = (text: string): string => {
      try {
        compile(text, scope);
      } catch (error) {
        return (error as ExpressionError).column;
      }
      return '';
    };
    expect(lacking('value < 0 and `white cells` > 3')).toBe('white cells');
    expect(lacking('value < "a"')).toBe('');
  });

  it('binds not before and before or, and follows brackets', () => {
    expect(rows('value < -1 or value > 0 and label == "infected"')).toEqual([0, 2]);
    expect(rows('(value < -1 or value > 0) and label == "infected"')).toEqual([2]);
    expect(rows('not converged and dropped or selected')).toEqual([2, 3]);
    expect(rows('not (converged or selected)')).toEqual([1, 4]);
    expect(rows('NOT not converged')).toEqual([0, 2]);
  });

  it('compares numbers either way around and in chains; what is unknown is on no side', () => {
    expect(rows('0 > value')).toEqual([0, 1]);
    expect(rows('-1 < value <= 2')).toEqual([1, 2, 3]);
    expect(rows('value != 2')).toEqual([0, 1, 2]);
    expect(rows('value == 0.1')).toEqual([2]);
    expect(rows('`red cells` > ink')).toEqual([0, 1, 2, 3]);
    expect(rows('value >= 2e0 or value < \u22122.5')).toEqual([0, 3]);
    expect(rows('rank < 2')).toEqual([0]);
    expect(rows('`feature value` > 7')).toEqual([1, 2]); // value itself is the point's
  });

  it('compares classes with texts and with each other by name; what is unknown is neither alike nor unlike', () => {
    expect(rows('label != "cat"')).toEqual([1, 2, 3]);
    expect(rows("label in ['cat', 'a \"b\"']")).toEqual([0, 3, 4]);
    expect(rows('label not in ("cat")')).toEqual([1, 2, 3]);
    expect(rows('suggested != label')).toEqual([0]);
    expect(rows('label == suggested')).toEqual([1, 2, 4]);
    expect(rows('disagrees')).toEqual([0]);
    expect(rows('label != original')).toEqual([1]);
    expect(rows('label contains "FECT" and probability > 0.75')).toEqual([1]);
    expect(rows('ink in (1, 5)')).toEqual([0, 4]);
  });

  it('looks into texts whatever the case', () => {
    expect(rows('id contains "p1"')).toEqual([0, 2]);
    expect(rows('id == "p1"')).toEqual([0]);
  });

  it('names any column in backquotes', () => {
    expect(rows('`and` == 1 and not `and` == 0')).toEqual([2, 3, 4]);
  });

  it.each([
    ['valu < 0', 'did you mean value?', 'valu'],
    ['label == cat', 'There is no column cat; did you mean "cat"?', 'cat'],
    ['infected != label', 'did you mean "infected"?', 'infected'],
    ['label == a', 'There is no column a.', 'a'],
    ['label == "infcted"', 'did you mean "infected"?', '"infcted"'],
    ['value = 0', 'Write == instead of =.', '='],
    ['value < 0 && dropped', 'Write and instead of &&.', '&&'],
    ['value < "cat"', 'holds numbers', '"cat"'],
    ['label < "cat"', 'no order', 'label < "cat"'],
    ['label == "cat', 'is not closed', '"cat'],
    ['(value < 0', 'A ) is missing', ''],
    ['value < 0 dropped', 'too much here', 'dropped'],
    ['value', 'A comparison is missing', ''],
    ['value <', 'Something is missing', ''],
    ['', 'Something is missing', ''],
    ['converged == 1', 'holds or does not', 'converged == 1'],
    ['value contains "1"', 'value holds numbers', 'value contains "1"'],
    ['label in "cat"', 'wants a list', '"cat"'],
    ['1 < 2', 'Neither side', '1 < 2'],
    ['label == value', 'different things', 'label == value'],
    ['value < 0; alert(1)', 'no meaning', ';'],
    ['constructor', 'There is no column constructor', 'constructor'],
  ])('%s is refused where it is wrong', (text, words, place) => {
    const [message, at] = refusal(text);
    expect(message).toContain(words);
    expect(at).toBe(place);
  });
});

it('an expression that is deeper than anybody writes is refused', () => {
  expect(refusal('('.repeat(5000))[0]).toContain('no meaning');
});

it('names a fetched feature that is called like something else apart', () => {
  const more = makePoints([-3, 2]);
  more.extra.set('feature:rank', {
    id: 'feature:rank',
    name: 'rank',
    tip: '',
    data: { kind: 'number', values: Float32Array.of(9, 8) },
  });
  const named = scopeOf(more, ranks(more), new Set());
  const numbers = (name: string) => {
    const field = named.find(name);
    return field?.kind === 'number' ? Array.from(field.numbers) : null;
  };
  expect(numbers('rank')).toEqual([1, 2]);
  expect(numbers('feature rank')).toEqual([9, 8]);
});

it('is shown by an example of the own labels', () => {
  const examples = [
    points.label,
    null,
    { kind: 'number' as const, values: new Float64Array(5), original: new Float64Array(5) },
  ];
  expect(examples.map(exampleFor)).toEqual([
    'value < 0 and label == "cat"',
    'value < 0 and rank < 20',
    'value < 0 and target > 0',
  ]);
  examples.slice(0, 2).forEach((label) => expect(() => compile(exampleFor(label), scope)).not.toThrow());
});

describe('completion', () => {
  const offers = (text: string): string[] => {
    const at = text.indexOf('|');
    return complete(text.replace('|', ''), at, scope).options.map((option) => option.insert);
  };

  it('offers columns where a condition begins, those that begin with what is typed first', () => {
    expect(offers('|').slice(0, 3)).toEqual(['value', 'label', 'suggested']);
    expect(offers('value < 0 and re|')).toEqual([
      'relabelled',
      '`red cells`',
      'disagrees',
      '`feature value`',
    ]);
    expect(offers('`red|')).toEqual(['`red cells`']);
    expect(offers('not con|')).toEqual(['converged']);
  });

  it('offers the comparisons that a column knows', () => {
    expect(offers('value |')).toContain('<=');
    expect(offers('label |')).toEqual(['==', '!=', 'in', 'not in', 'contains']);
    expect(offers('converged |')).toEqual(['and', 'or']);
    expect(offers('value < 0 |')).toEqual(['and', 'or']);
  });

  it('offers the classes of the column, in quotes', () => {
    expect(offers('label == |')).toEqual(['"cat"', '"infected"', '"a \\"b\\""']);
    expect(offers('label == "in|')).toEqual(['"infected"']);
    expect(offers('label in ("cat", |')).toEqual(['"cat"', '"infected"', '"a \\"b\\""']);
  });

  it('replaces what is being written, and stays silent after it', () => {
    expect(complete('value < 0 and dro', 17, scope)).toMatchObject({ from: 14, to: 17 });
    expect(offers('value < 0 and dropped|')).toEqual([]);
  });

  it('every choice can be written on', () => {
    for (const { insert } of complete('label == ', 9, scope).options) {
      expect(() => compile(`label == ${insert}`, scope)).not.toThrow();
    }
  });
});
