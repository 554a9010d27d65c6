/** Edits, whichever key or button asked for them. They act on the selection when there is one, else on the focus. */

import { classKeys } from './columns';
import type { Desk } from './intents';
import { editOf } from './keys';
import type { LiveSource } from './source';
import * as ui from './state';
import type { LabelChoice } from './wire';

export interface Editing {
  relabel(choice: LabelChoice): void;
  /** Does what the key of an edit asks for, and keeps the key from the browser. */
  press(event: KeyboardEvent): void;
  drop(): void;
  undo(): void;
  redo(): void;
}

export function createEditing(
  source: Pick<LiveSource, 'points' | 'relabel' | 'drop' | 'undo' | 'redo'>,
  desk: Desk
): Editing {
  const rows = (): number[] => ui.targets(desk.state());

  function relabel(choice: LabelChoice): void {
    if (rows().length > 0) {
      source.relabel(rows(), choice);
    }
  }

  function relabelByKey(key: string): void {
    const label = source.points?.label;
    const code = label?.kind === 'class' ? classKeys(label.classes).indexOf(key) : -1;
    if (code >= 0) {
      relabel({ label: code });
    }
  }

  const editing: Editing = {
    relabel,
    press(event) {
      const edit = editOf(event);
      if (edit === null) {
        return;
      }
      event.preventDefault();
      if (edit.do === 'relabel') {
        relabelByKey(edit.key);
      } else if (edit.do === 'help') {
        desk.set({ ...desk.state(), help: !desk.state().help, failure: false });
      } else {
        editing[edit.do]();
      }
    },
    /** Drops what is in; takes back when all of it is out already. */
    drop() {
      const dropped = source.points?.dropped;
      if (dropped !== undefined && rows().length > 0) {
        source.drop(rows(), !rows().every((row) => dropped[row] === 1));
      }
    },
    undo() {
      if (source.points?.edits.undo === true) {
        source.undo();
      }
    },
    redo() {
      if (source.points?.edits.redo === true) {
        source.redo();
      }
    },
  };
  return editing;
}
