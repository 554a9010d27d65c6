// Shortens a text that repeats itself, such as a style sheet: what occurs often becomes one letter that occurs nowhere.
// A saved notebook carries its viewer once in every output, so each byte counts there.

import { unpacked } from './src/unpacked.mjs';

/** Those of one byte first; then those of two that are what they are in every form of Unicode. */
const LETTERS = Array.from({ length: 0x17f }, (_, i) => String.fromCharCode(i)).filter(
  (c, i) => i > 32 && !/[\s\x7f-\xbf"'`\\<>&$]/.test(c) && c.normalize('NFKC') === c
);
/** A repeated piece is made of at most so many words and marks. */
const LONGEST = 14;

/**
 * `text` as an expression of JavaScript that makes it again; what it makes is compared with `text` before. `by`: a function
 * of the bundle that unpacks (js/src/unpacked.mjs), where several texts share one; else the expression brings its own.
 */
export function packed(text, by = '') {
  const free = LETTERS.filter((letter) => !text.includes(letter));
  let tokens = text.match(/[\w-]+|\s+|[^\w\s-]/g) ?? [];
  let keys = '';
  for (const key of free) {
    const best = mostWorth(tokens, key > '\x7f' ? 2 : 1);
    if (best === null) {
      break;
    }
    // what was replaced stands at the end, behind one more of its letter
    tokens = [...replaced(tokens, best, key), key, ...best];
    keys = key + keys;
  }
  const short = tokens.join('');
  if (unpacked(keys, short) !== text) {
    throw new Error('The packed text does not unpack to what it was.');
  }
  const [k, s] = [JSON.stringify(keys), JSON.stringify(short)];
  const code = by
    ? `${by}(${k},${s})`
    : `[...${k}].reduce((s,k)=>{const p=s.split(k);return p.join(p.pop())},${s})`;
  const plain = JSON.stringify(text);
  return code.length < plain.length ? code : plain;
}

/** A style sheet whose own variables have names of one letter; those of the page around keep theirs. */
export function shortVariables(css) {
  const names = new Set([...css.matchAll(/--([a-z]+):/g)].map(([, name]) => name));
  return [...names].reduce(
    (sheet, name, i) =>
      sheet.replaceAll(new RegExp(`--${name}(?![\\w-])`, 'g'), `--${String.fromCharCode(97 + i)}`),
    css
  );
}

/** The tokens whose replacement by a letter of so many bytes saves most; null when none saves anything. */
function mostWorth(tokens, bytes) {
  let [best, most] = [null, 1];
  let starts = tokens.map((_, from) => [from, '']);
  for (let n = 1; n <= LONGEST && starts.length > 0; n++) {
    const seen = new Map();
    const longer = starts.filter(([from]) => from + n <= tokens.length);
    for (const start of longer) {
      const [from] = start;
      const piece = (start[1] += tokens[from + n - 1]);
      const found = seen.get(piece);
      if (found === undefined) {
        seen.set(piece, { from, count: 1, end: from + n });
      } else if (from >= found.end) {
        found.count += 1;
        found.end = from + n;
      }
    }
    for (const [piece, { from, count }] of seen) {
      const gain = (count - 1) * piece.length - (count + 2) * bytes;
      if (gain > most) {
        [best, most] = [tokens.slice(from, from + n), gain];
      }
    }
    starts = longer.filter(([, piece]) => seen.get(piece).count > 1); // what stands once is no beginning of a repetition
  }
  return best;
}

function replaced(tokens, piece, key) {
  const out = [];
  for (let i = 0; i < tokens.length;) {
    const here = piece.every((token, j) => tokens[i + j] === token);
    out.push(here ? key : tokens[i]);
    i += here ? piece.length : 1;
  }
  return out;
}
