/** Orders that are taken from former ones. */

import { expect, it } from 'vitest';

import { derive, rederive } from '../src/derive';
import { filter, INITIAL, sortBy, togglePreset, type UiState } from '../src/state';
import { classLabels, makePoints } from './make';

it('keeps the order that sorting anew would give, whatever was sorted and filtered before', () => {
  const n = 60;
  const value = Array.from({ length: n }, (_, i) => (i % 7 === 3 ? NaN : ((i * 37) % 11) - 4));
  const label = classLabels(
    ['a', 'b', 'c'],
    value.map((_, i) => i % 3)
  );
  const converged = Uint8Array.from(value, (_, i) => i % 2);
  const points = makePoints(value, { label, converged });
  const turns: ((s: UiState) => UiState)[] = [
    (s) => filter(s, { label: 1 }),
    (s) => togglePreset(s, 'unconverged'),
    (s) => sortBy(s, 'label', false),
    (s) => filter(s, { label: null }),
    (s) => togglePreset(s, 'unconverged'),
    (s) => filter(s, { value: [-2, 3] }),
    (s) => sortBy(s, 'value', true),
    (s) => sortBy(s, 'value', false),
    (s) => filter(s, { value: null }),
    (s) => filter(s, { text: '1' }),
  ];
  let state = INITIAL;
  let derived = derive(points, state, null, false);
  for (const turn of [...turns, ...turns]) {
    const before = state;
    state = turn(before);
    derived = rederive(points, state, before, derived);
    const fresh = rederive(points, state, before, { ...derived, all: undefined });
    expect(derived.order).toEqual(fresh.order);
    expect(derive(points, state, null, false).order).toEqual(fresh.order);
  }
});
