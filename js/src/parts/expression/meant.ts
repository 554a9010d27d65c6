/** Which of the names that there are was meant by one that there is not. Pure. */

/** The name that was meant, where one is a letter or two away. */
export function nearest(name: string, names: readonly string[]): string | null {
  let best: string | null = null;
  let least = Math.min(3, 1 + Math.floor(name.length / 3)) + 1;
  for (const other of names.slice(0, 1000)) {
    if (other.trim() === '') {
      continue; // nobody means a blank
    }
    const far = other.toLowerCase() === name.toLowerCase() ? 0 : distance(name, other, least);
    if (far < least) {
      [best, least] = [other, far];
    }
  }
  return best;
}

/** Letters to change, add or leave out; at least `limit` where it would not be less. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) {
    return limit;
  }
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
