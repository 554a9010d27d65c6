import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { shown } from '../src/shown';

interface Case {
  text: string;
  lines: boolean;
  shown: string;
}

const file = fileURLToPath(new URL('../../tests/shown/cases.json', import.meta.url));
const cases = JSON.parse(readFileSync(file, 'utf8')) as Case[];

describe('what is shown of a text', () => {
  it('is what Python shows of it', () => {
    expect(cases.length).toBeGreaterThan(200);
    const differ = cases.filter(({ text, lines, shown: safe }) => shown(text, lines) !== safe);
    expect(differ).toEqual([]);
  });

  it('changes nothing when it is shown again', () => {
    for (const { text, lines } of cases) {
      expect(shown(shown(text, lines), lines)).toBe(shown(text, lines));
    }
  });

  it('is soon known, also of a long text', () => {
    const before = performance.now();
    for (const part of ['\u202e', 'e\u0301\u0301\u0301\u0301\u0301\u0301\u0301', '\ud800', '犬\u200d']) {
      shown(part.repeat(100_000));
    }
    expect(performance.now() - before).toBeLessThan(30_000);
  });
});
