/** Filters of a live panel beyond the quick ones: the expression, and a chip for each that is active. */

import { NO_FILTERS, filter } from '../state';
import STYLE from '../../style/parts/filters.css';
import { scopeOf, type Scope } from './columns/fields';
import { createField } from './expression/field';
import { createChips } from './filters/chips';
import { createHandOver } from './filters/hand_over';
import { withExpression } from './filters/model';
import type { Hub, Part, Sight } from './part';

export function makeFilters({ set }: Hub): Part {
  let sight: Sight | null = null;
  const scope = (): Scope | null =>
    sight === null ? null : scopeOf(sight.points, sight.derived.ranks, sight.state.selected);
  const field = createField(scope, (expression) =>
    set((s) =>
      (s.filters.more?.expression ?? '') === expression ? s : filter(s, withExpression(s.filters, expression))
    )
  );
  const chips = createChips(
    (part) => set((s) => filter(s, part)),
    () => set((s) => ({ ...s, filters: NO_FILTERS }))
  );
  const handOver = createHandOver(chips.element, () => field.focus());
  return {
    bar: [chips.element, field.element],
    overlays: [field.pop],
    style: STYLE,
    paint(now) {
      sight = now;
      chips.update(now);
      field.update(now.state.filters.more?.expression ?? '');
      handOver();
    },
    end: () => field.end(),
  };
}
