/** The live half of the valuation panel. */

import { makeLive, type MakeLive } from './live';
import { PARTS } from './parts/all';
import type { PartSource } from './parts/part';
import { VALUING } from './views/controls';
import { KEYS } from './words';

export const createLive: MakeLive = (source, desk, set) => {
  const hub = { source: source as PartSource, desk, set };
  return makeLive(
    source,
    desk,
    set,
    { keys: KEYS, tips: VALUING },
    PARTS.map((make) => make(hub))
  );
};
