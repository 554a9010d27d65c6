/** What people want when they press a key: moves, selections, edits. */

import type { Editing } from './editing';
import { actionOf, type Action } from './keys';
import * as ui from './state';

export interface Desk {
  state(): ui.UiState;
  order(): Uint32Array;
  set(state: ui.UiState): void;
  page(): number;
  reveal(row: number): void;
}

/** Answers the keys pressed in the panel; `editing` is null on a saved page. */
export function createKeys(desk: Desk, editing: Editing | null) {
  function move(by: number | 'page' | '-page', extend: boolean): void {
    const step = by === 'page' ? desk.page() : by === '-page' ? -desk.page() : by;
    const state = desk.state();
    const row = ui.neighbour(state, desk.order(), step);
    if (row < 0) {
      return;
    }
    desk.set(extend ? ui.selectTo(state, row, desk.order()) : ui.focusOn(state, row));
    desk.reveal(row);
  }

  function escape(): void {
    const state = desk.state();
    if (state.help || state.failure) {
      desk.set({ ...state, help: false, failure: false });
    } else if (state.drawer !== null) {
      desk.set({ ...state, drawer: null });
    } else {
      desk.set(ui.clearSelection(state));
    }
  }

  function run(action: Action): void {
    switch (action.do) {
      case 'move':
        return move(action.by, action.extend);
      case 'select':
        return desk.set(ui.toggleRow(desk.state(), desk.state().focus));
      case 'all':
        return desk.set(ui.toggleAll(desk.state(), desk.order()));
      case 'escape':
        return escape();
    }
  }

  return (event: KeyboardEvent, table: Element, tiles = false): void => {
    const target = event.composedPath()[0] as Element;
    if (
      event.defaultPrevented ||
      (isTyping(target) && event.key !== 'Escape') ||
      presses(target, event.key)
    ) {
      return;
    }
    const action = actionOf(event, table.contains(target), tiles);
    if (action !== null) {
      event.preventDefault();
      run(action);
    } else {
      editing?.press(event);
    }
  };
}

function isTyping(target: Element): boolean {
  return (
    target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && target.type !== 'checkbox')
  );
}

/** Space and Enter belong to a focused button or box, and to what opens details. */
function presses(target: Element, key: string): boolean {
  return target.matches('button,input,summary') && (key === ' ' || key === 'Enter');
}
