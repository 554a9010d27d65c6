/** Shows a state in the views of the panel: what has changed, and at first a part of it in each frame. */

import { setAttr, show } from './dom';
import { LIVE } from './here';
import type { Inside, Views } from './panel_views';
import type { Sight } from './parts/part';
import { sizeOf } from './points';
import * as ui from './state';
import { emptyWords } from './words';

/** As many rows as a frame has time for beside the header. */
const FIRST_ROWS = 4;

/** `tiles`: the gallery is shown instead of the table. */
export type Scene = Sight & { readonly tiles: boolean };

/**
 * What a first paint still has to show, a frame for each: the first rows, the others, the bars above and below, the
 * cards. All at once takes more than a frame.
 */
export const FRAMES = LIVE ? 3 : 0;

/** Returns what paints a scene, of which `still` frames are to come. */
export function createPainter(views: Views, { source, live, version, room }: Inside) {
  /** What each view was last painted from. */
  const painted = new Map<object, readonly unknown[]>();

  /** Updates a view where something changed outside, or in the part of this view's state that it shows. */
  function renew(view: object, of: readonly unknown[], update: () => void): void {
    if (LIVE) {
      const had = painted.get(view);
      const now = [version(), ...of];
      if (now.every((item, i) => item === had?.[i])) {
        return;
      }
      painted.set(view, now);
    }
    update();
  }

  return (scene: Scene, still: number): void => {
    const { points, state, derived, focus, columns, tiles } = scene;
    const { status } = points;
    const shared = { columns, order: derived.order, focus, selected: state.selected };
    show(views.tiles, points.preview.kind !== 'none');
    setAttr(views.tiles, 'aria-pressed', String(tiles));
    show(views.gallery.element, tiles);
    show(views.table.element, !tiles);
    if (tiles) {
      views.gallery.update(shared);
    }
    views.table.update({
      ...shared,
      ...(LIVE && still === FRAMES && { most: FIRST_ROWS }),
      n: points.n,
      sort: state.sort,
      allSelected: ui.areAllSelected(state, derived.order),
      empty: emptyWords(points.n),
    });
    if (LIVE && still > 1) {
      return;
    }
    const shown = derived.order.length;
    const selected = state.selected.size;
    const narrow = room() === 'narrow';
    renew(views.toolbar, [state.drawer, narrow], () =>
      views.toolbar.update(source, points, state.drawer, narrow)
    );
    renew(views.chips, [state.filters, derived.counts], () =>
      views.chips.update(state.filters, derived.counts, points.label)
    );
    renew(views.status, [shown, selected], () =>
      views.status.update({ points, shown, selected, unsaved: source.unsaved, live: source.live })
    );
    if (LIVE && still > 0) {
      return;
    }
    renew(views.histogram, [derived.histogram, state.filters.value], () =>
      views.histogram.update({
        histogram: derived.histogram,
        threshold: status.threshold,
        range: state.filters.value,
        n: sizeOf(points),
        unit: status.unit_of_value,
      })
    );
    renew(views.certainty, [], () => {
      views.certainty.update(status, points.history, source.live);
      views.edits.update(points.edits);
    });
    const place = ui.indexOf(derived.order, focus);
    renew(views.point, [derived.ranks, focus, place, shown], () =>
      views.point.update(
        focus < 0
          ? null
          : { points, ranks: derived.ranks, row: focus, place, shown, preview: source.preview(focus) }
      )
    );
    if (LIVE) {
      live?.paint(scene);
    }
  };
}
