/** The columns and filters of a table, for a panel that does not begin with them: the expression, chips, headers that filter. */

import { makeColumns } from './columns';
import { makeFilters } from './filters';
import type { Hub, Part } from './part';

export function makeTable(hub: Hub): Part {
  const filters = makeFilters(hub);
  const columns = makeColumns(hub);
  hub.source.tell('values'); // rows and headers are made anew
  return {
    ...columns,
    ...(filters.bar && { bar: filters.bar }),
    ...(filters.overlays && { overlays: filters.overlays }),
    keys: [...(columns.keys ?? []), ...(filters.keys ?? [])],
    press: (...of) => columns.press?.(...of) === true || filters.press?.(...of) === true,
    style: `${columns.style ?? ''}${filters.style ?? ''}`,
    paint(now) {
      columns.paint?.(now);
      filters.paint?.(now);
    },
    end() {
      columns.end?.();
      filters.end?.();
    },
  };
}
