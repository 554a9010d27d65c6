// @vitest-environment jsdom
import { expect, it } from 'vitest';

import { ranks } from '../src/columns';
import { createPoint } from '../src/views/point';
import type { RunState } from '../src/wire';
import { makePoints, STATUS } from './make';

it.each<[RunState, number, string, boolean]>([
  ['running', 0, 'not known yet', true],
  ['stopped', 0, 'not known', true],
  ['running', 1, 'none: it was dropped when these were valued', false],
  ['finished', 1, 'none: it was dropped when these were valued', false],
])('a point without a value says why: %s, nothing more to come %i', (state, converged, words, updates) => {
  const points = makePoints([NaN, 1], {
    status: { ...STATUS, state },
    converged: Uint8Array.of(converged, 1),
    count: Uint32Array.of(0, 4),
  });
  const point = createPoint();
  point.update({ points, ranks: ranks(points), row: 0, place: 0, shown: 2, preview: undefined });
  const facts = [...point.element.querySelectorAll('dt')].map(({ textContent, nextSibling }) => [
    textContent,
    nextSibling?.textContent,
  ]);
  expect(facts).toContainEqual(['value', words]);
  expect(facts.some(([name]) => name === 'updates')).toBe(updates);
});
