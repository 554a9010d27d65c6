/** Type-ahead over the names of classes. Pure. */

/** Codes of the classes that fit what was typed, the best first: the name itself, its beginning, a word's, any part. */
export function matches(classes: readonly string[], typed: string, most = 8): number[] {
  const wanted = typed.trim().toLowerCase();
  const ranked: [grade: number, code: number][] = [];
  classes.forEach((name, code) => {
    const grade = gradeOf(name.toLowerCase(), wanted);
    if (grade < 4) {
      ranked.push([grade, code]);
    }
  });
  return ranked
    .sort(([a, i], [b, j]) => a - b || i - j)
    .slice(0, most)
    .map(([, code]) => code);
}

function gradeOf(name: string, wanted: string): number {
  if (name === wanted) {
    return 0;
  }
  const at = name.indexOf(wanted);
  if (at <= 0) {
    return at === 0 ? 1 : 4;
  }
  return name.split(/[^\p{L}\p{N}]+/u).some((word) => word.startsWith(wanted)) ? 2 : 3;
}
