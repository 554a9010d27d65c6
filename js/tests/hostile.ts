/** Messages made wrong on purpose: a seeded mutator, and numbers by chance that are the same each time. */

export type Json = Record<string, unknown>;
export type Chance = () => number;

/** Mulberry's generator: the same numbers for the same seed. */
export function chance(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const pick = <T>(all: readonly T[], by: Chance): T => all[Math.floor(by() * all.length)]!;

function deep(): unknown {
  let item: unknown = 0;
  for (let i = 0; i < 200; i++) {
    item = i % 2 === 0 ? [item] : { a: item };
  }
  return item;
}

const DEEP = deep();
/** What stands where something else was promised. */
const WRONG: readonly unknown[] = [
  ...[
    null,
    undefined,
    true,
    false,
    '',
    'x',
    '9',
    '__proto__',
    'constructor',
    '<img src=x onerror=window.hit=1>',
  ],
  ...[
    '\u202e\u0000\ud800',
    'x'.repeat(5000),
    0,
    1,
    -1,
    2,
    0.5,
    255,
    256,
    65536,
    1e9,
    4294967296,
    2 ** 53,
    1e300,
  ],
  ...[NaN, Infinity, -Infinity, [], [null], [[]], [-1], [1e300], {}, { toString: 1 }, { length: 1e9 }],
  ...[
    { b: 0, d: 'u1', n: 1e9 },
    { b: 1e9, d: 'f4', n: 0 },
    { b: -1, d: 'f4', n: -1 },
    { b: 0, d: '__proto__', n: 0 },
  ],
  ...[
    JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}') as unknown,
    DEEP,
  ],
  ...[
    Array.from({ length: 3000 }, (_, i) => i),
    { kind: 'class', classes: [], codes: { b: 0, d: 'u2', n: 0 } },
  ],
];

/** Every place in a message: the object or list that holds it, and its key. */
function places(item: unknown, found: [Json, string][] = [], depth = 0): [Json, string][] {
  if (typeof item === 'object' && item !== null && depth < 8) {
    for (const key of Object.keys(item)) {
      found.push([item as Json, key]);
      places((item as Json)[key], found, depth + 1);
    }
  }
  return found;
}

/** A copy of a message with one to three things changed: another value, a missing key, a swap, one more key. */
export function mutated(content: unknown, by: Chance): unknown {
  const copy = structuredClone(content);
  for (let changes = 1 + Math.floor(by() * 3); changes > 0; changes--) {
    const all = places(copy);
    if (all.length === 0) {
      return pick(WRONG, by);
    }
    const [holder, key] = pick(all, by);
    const [other, name] = pick(all, by);
    const roll = by();
    if (roll < 0.7) {
      holder[key] = structuredClone(pick(WRONG, by));
    } else if (roll < 0.8) {
      Reflect.deleteProperty(holder, key);
    } else if (roll < 0.9) {
      [holder[key], other[name]] = [structuredClone(other[name]), structuredClone(holder[key])];
    } else if (!Array.isArray(holder)) {
      Object.defineProperty(holder, pick(['__proto__', 'constructor', 'toString', 'length0'], by), {
        value: structuredClone(pick(WRONG, by)),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
  }
  return copy;
}

/** Buffers cut off, too long, swapped, gone; or as they were. */
export function mutatedBuffers(buffers: readonly DataView[], by: Chance): DataView[] {
  const copy = [...buffers];
  const at = Math.floor(by() * copy.length);
  const roll = by();
  if (copy.length === 0 || roll < 0.6) {
    return copy;
  }
  const view = copy[at]!;
  if (roll < 0.7) {
    copy[at] = new DataView(view.buffer, view.byteOffset, Math.floor(by() * view.byteLength));
  } else if (roll < 0.8) {
    copy[at] = new DataView(new ArrayBuffer(view.byteLength + 3));
  } else if (roll < 0.9) {
    const noise = new Uint8Array(view.byteLength).map(() => Math.floor(by() * 256));
    copy[at] = new DataView(noise.buffer);
  } else {
    copy.splice(at, 1);
  }
  return copy;
}
