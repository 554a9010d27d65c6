/** What the axes of the map stand for: coordinates of its own, or two columns. */

import type { ColumnId } from '../../columns';
import { h, show } from '../../dom';
import type { Points } from '../../points';
import type { Deeds } from './look';
import { absent, choices, type Coordinates } from './places';
import { WORDS } from './words';

const MAP = 'map';

/** `changed`: somebody chose another column. */
export function createAxes(deeds: Deeds, changed: () => void) {
  const chosen: [x: ColumnId | typeof MAP, y: ColumnId] = [MAP, 'value'];
  let offered = '';

  const pick = (label: string, at: 0 | 1) =>
    h('select', {
      class: 'field',
      'aria-label': label,
      'data-testid': `map-${'xy'[at]}`,
      onchange: (event: Event) => {
        chosen[at] = (event.target as HTMLSelectElement).value as ColumnId;
        changed();
      },
    });
  const [across, upwards] = [pick(WORDS.x, 0), pick(WORDS.y, 1)];
  const shownName = (select: HTMLSelectElement): string => select.selectedOptions[0]?.text ?? '';

  function fill(
    select: HTMLSelectElement,
    items: readonly (readonly [string, string])[],
    value: string
  ): void {
    select.replaceChildren(...items.map(([id, name]) => h('option', { value: id }, name)));
    select.value = value;
  }

  return {
    elements: [across, upwards],
    /** The two columns; null for the map's own coordinates. */
    columns: (): readonly [ColumnId, ColumnId] | null => (chosen[0] === MAP ? null : [chosen[0], chosen[1]]),
    names: (): readonly [string, string] => [shownName(across), shownName(upwards)],
    /** Offers the columns that the points have now, and asks for a chosen one that is not here. */
    offer(points: Points, map: Coordinates | null): void {
      const columns = choices(points, deeds.offered());
      const name = map?.name ?? WORDS.pca;
      const now = JSON.stringify([name, columns]);
      if (now !== offered) {
        offered = now;
        const options = columns.map(({ id, name: words }) => [id, words] as const);
        fill(across, [[MAP, name], ...options], chosen[0]);
        fill(upwards, options, chosen[1]);
      }
      show(upwards, chosen[0] !== MAP);
      for (const id of chosen) {
        const feature = id === MAP ? null : absent(points, id);
        if (feature !== null) {
          deeds.want(feature);
        }
      }
    },
  };
}
