/** What people want, whichever key or button they said it with: edits, moves, and the keys themselves. */

import { classKeys } from './columns';
import { actionOf, type Action } from './keys';
import type { Source } from './source';
import * as ui from './state';
import type { LabelChoice } from './wire';

export interface Desk {
  state(): ui.UiState;
  order(): Uint32Array;
  set(state: ui.UiState): void;
  page(): number;
  reveal(row: number): void;
}

export interface Intents {
  relabel(choice: LabelChoice): void;
  drop(): void;
  undo(): void;
  redo(): void;
  /** A key was pressed somewhere in the panel. */
  key(event: KeyboardEvent, table: Element): void;
}

export function createIntents(source: Source, desk: Desk): Intents {
  function relabel(choice: LabelChoice): void {
    const rows = ui.targets(desk.state());
    if (source.live && rows.length > 0) {
      source.relabel(rows, choice);
    }
  }

  /** Drops what is in; takes back when all of it is out already. */
  function drop(): void {
    const rows = ui.targets(desk.state());
    const dropped = source.points?.dropped;
    if (source.live && dropped !== undefined && rows.length > 0) {
      source.drop(rows, !rows.every((row) => dropped[row] === 1));
    }
  }

  function undo(): void {
    if (source.live && source.points?.edits.undo === true) {
      source.undo();
    }
  }

  function redo(): void {
    if (source.live && source.points?.edits.redo === true) {
      source.redo();
    }
  }

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

  function relabelByKey(key: string): void {
    const label = source.points?.label;
    const code = label?.kind === 'class' ? classKeys(label.classes).indexOf(key) : -1;
    if (code >= 0) {
      relabel({ label: code });
    }
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
      case 'relabel':
        return relabelByKey(action.key);
      case 'drop':
        return drop();
      case 'undo':
        return undo();
      case 'redo':
        return redo();
      case 'help':
        return desk.set({ ...desk.state(), help: !desk.state().help, failure: false });
      case 'escape':
        return escape();
    }
  }

  function key(event: KeyboardEvent, table: Element): void {
    const target = event.composedPath()[0] as Element;
    if (event.defaultPrevented || (isTyping(target) && event.key !== 'Escape') || presses(target, event.key)) {
      return;
    }
    const action = actionOf(event, table.contains(target));
    if (action !== null) {
      event.preventDefault();
      run(action);
    }
  }

  return { relabel, drop, undo, redo, key };
}

function isTyping(target: Element): boolean {
  return target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && target.type !== 'checkbox');
}

/** Space and Enter belong to a focused button or box. */
function presses(target: Element, key: string): boolean {
  const pressable = target instanceof HTMLButtonElement || target instanceof HTMLInputElement;
  return pressable && (key === ' ' || key === 'Enter');
}
