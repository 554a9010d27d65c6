// Shortens a text that repeats itself, such as a style sheet: what occurs often becomes one letter that occurs nowhere.
// A saved notebook carries its viewer once in every output, so each byte counts there.

const LETTERS = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).filter(
  (c) => !/[\s"'`\\<>&$]/.test(c)
);
/** A repeated piece is made of at most so many words and marks. */
const LONGEST = 14;

/** `text` as an expression of JavaScript that makes it again; what it makes is compared with `text` before. */
export function packed(text) {
  const free = LETTERS.filter((letter) => !text.includes(letter));
  let tokens = text.match(/[\w-]+|\s+|[^\w\s-]/g) ?? [];
  let keys = '';
  for (const key of free) {
    const best = mostWorth(tokens);
    if (best === null) {
      break;
    }
    // what was replaced stands at the end, behind one more of its letter
    tokens = [...replaced(tokens, best, key), key, ...best];
    keys = key + keys;
  }
  const short = tokens.join('');
  if (unpacked(short, keys) !== text) {
    throw new Error('The packed text does not unpack to what it was.');
  }
  return `[...${JSON.stringify(keys)}].reduce((s,k)=>{const p=s.split(k);return p.join(p.pop())},${JSON.stringify(short)})`;
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

function unpacked(short, keys) {
  return [...keys].reduce((text, key) => {
    const parts = text.split(key);
    return parts.join(parts.pop());
  }, short);
}

/** The tokens whose replacement by one letter saves most; null when none saves anything. */
function mostWorth(tokens) {
  const seen = new Map();
  for (let from = 0; from < tokens.length; from++) {
    let piece = '';
    for (let n = 1; n <= LONGEST && from + n <= tokens.length; n++) {
      piece += tokens[from + n - 1];
      const found = seen.get(piece);
      if (found === undefined) {
        seen.set(piece, { from, n, count: 1, end: from + n });
      } else if (from >= found.end) {
        found.count += 1;
        found.end = from + n;
      }
    }
  }
  let [best, most] = [null, 1];
  for (const [piece, { from, n, count }] of seen) {
    const gain = (count - 1) * (piece.length - 1) - 3;
    if (gain > most) {
      [best, most] = [tokens.slice(from, from + n), gain];
    }
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
