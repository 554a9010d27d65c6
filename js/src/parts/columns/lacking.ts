/** Features that the table shows, sorts or filters by and that did not come with the points: they are asked for. */

import type { PartSource, Sight } from '../part';
import { FEATURE, NAME } from './fetching';

export function createLacking(source: PartSource) {
  let asked: ReadonlySet<string> = new Set();
  const end = source.hear(NAME, ({ kind }) => {
    if (kind === 'offered') {
      asked = new Set(); // it may be told anew: what was asked for may have gone astray
      source.tell('status');
    }
  });
  return {
    paint({ points, state: { sort, columns, filters } }: Sight): void {
      const { shown = {} } = columns ?? {};
      const ids = [
        ...sort.map(({ column }) => column),
        ...Object.keys({ ...filters.more?.ranges, ...filters.more?.classes }),
        ...Object.keys(shown).filter((id) => shown[id]),
      ];
      const before = asked;
      asked = new Set(ids.filter((id) => id.startsWith(`x:${FEATURE}`) && !points.extra.has(id.slice(2))));
      for (const id of asked) {
        if (!before.has(id)) {
          source.ask(NAME, { what: 'feature', name: id.slice(2 + FEATURE.length) });
        }
      }
    },
    end,
  };
}
