/** Filters of a live panel beyond the quick ones: the expression, and a chip for each that is active. */

import { isChord } from '../keys';
import { NO_FILTERS, filter, type UiState } from '../state';
import STYLE from '../../style/parts/filters.css';
import { createField } from './expression/field';
import { hearLanguage } from './expression/language';
import { chipsOf, createChips } from './filters/chips';
import { createFold } from './filters/fold';
import { createHandOver } from './filters/hand_over';
import { withExpression } from './filters/model';
import { KEYS } from './filters/words';
import type { Hub, Part, Sight } from './part';

/** `offers`: whether an expression may name features that are not here yet. */
export function makeFilters(hub: Hub, offers = false): Part {
  const { set, desk } = hub;
  let sight: Sight | null = null;
  const field = createField(
    hub,
    offers,
    () => sight,
    (expression) => {
      // not left to `set`: a change of nothing would choose the point in focus
      if ((desk.state().filters.more?.expression ?? '') !== expression) {
        set((s) => filter(s, withExpression(s.filters, expression)));
      }
    }
  );
  const deaf = hearLanguage(() => {
    if (desk.state().filters.more?.expression) {
      set(anew);
    }
    field.heard();
  });

  /** The rows are found anew; where nobody chose a point, none is chosen by that. */
  function anew(s: UiState): UiState {
    const chosen = sight === null || sight.state.focus >= 0 || s.focus !== sight.focus;
    return { ...filter(s, {}), ...(!chosen && { focus: -1, anchor: sight!.state.anchor }) };
  }

  const chips = createChips(
    (part) => set((s) => filter(s, part)),
    () => set((s) => ({ ...s, filters: NO_FILTERS }))
  );
  const fold = createFold();
  const handOver = createHandOver(chips.element, () => {
    fold.element.focus(); // one of them is not to be seen, and does not take it
    field.focus();
  });
  return {
    bar: [fold.element, chips.element, field.element],
    overlays: [field.pop],
    style: STYLE,
    keys: KEYS,
    press(event) {
      const meant = event.key === '/' && !isChord(event);
      if (meant) {
        fold.open();
        field.focus();
      }
      return meant;
    },
    paint(now) {
      sight = now;
      const { presets, value, text, more } = now.state.filters;
      const shown = chipsOf(now);
      chips.update(now, shown);
      fold.update(presets.size + Number(value !== null) + Number(text !== '') + shown.length);
      field.update(more?.expression ?? '', now.points.label);
      handOver();
    },
    end() {
      deaf();
      field.end();
    },
  };
}
