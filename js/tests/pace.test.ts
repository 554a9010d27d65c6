/** When ranks and order are computed anew. */

import { beforeEach, describe, expect, it, vi } from 'vitest';

import * as deriving from '../src/derive';
import { HOLD, Pace } from '../src/pace';
import { INITIAL } from '../src/state';
import { makePoints } from './make';

const points = makePoints([3, 1, 2]);
let now = 0;
let cost = 0;
let pace: Pace;
const derive = deriving.derive;

vi.mock('../src/derive', async (actual) => ({ ...(await actual<typeof deriving>()) }));

/** Lets time pass, hears of new values, and says how often they were derived. */
function step(ms: number, changed = true): number {
  const before = vi.mocked(deriving.derive).mock.calls.length;
  now += ms;
  if (changed) {
    pace.changed();
  }
  pace.refresh(points, INITIAL);
  return vi.mocked(deriving.derive).mock.calls.length - before;
}

beforeEach(() => {
  [now, cost] = [10_000, 0];
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  vi.spyOn(deriving, 'derive').mockImplementation((...given) => {
    now += cost;
    return derive(...given);
  });
  pace = new Pace();
});

describe('new values', () => {
  it('are derived each time while that costs little, and not again for what is no news', () => {
    expect([step(0), step(10), step(10), step(10, false)]).toEqual([1, 1, 1, 0]);
  });

  it('are derived at most a tenth of the time where that costs much', () => {
    cost = 20;
    expect([step(0), step(100), step(90), step(30)]).toEqual([1, 0, 0, 1]);
    now += 10;
    pace.changed();
    expect(pace.refresh(points, INITIAL)).toBe(190);
  });

  it('do not move rows while somebody works there, and are not derived again for each key', () => {
    step(0);
    pace.touch();
    points.value[0] = -9;
    expect([step(10), [...pace.derived!.order]]).toEqual([1, [1, 2, 0]]);
    expect([step(100, false), step(100, false)]).toEqual([0, 0]);
    expect(pace.refresh(points, INITIAL)).toBe(HOLD - 210);
    expect(pace.held).toBe(true);
    expect([step(HOLD, false), [...pace.derived!.order]]).toEqual([1, [0, 1, 2]]);
    expect(pace.refresh(points, INITIAL)).toBe(0);
    expect(pace.held).toBe(false);
  });
});
