/** The live half of the valuation panel. */

import { makeLive, type MakeLive } from './live';
import { PARTS } from './parts/all';
import type { PartSource } from './parts/part';
import { VALUING } from './views/controls';
import { KEYS } from './words';

export const createLive: MakeLive = (source, desk, set) => {
  const grid = () => live.grid;
  const hub = { source: source as PartSource, desk, set, grid };
  const parts = PARTS.map((make) => make(hub));
  const live = makeLive(source, desk, set, { keys: KEYS, tips: VALUING }, parts);
  return live;
};
