/** Edits, whichever key or button asked for them. They act on the selection when there is one, else on the focus. */

import { classKeys } from './columns';
import type { Desk } from './intents';
import type { Source } from './source';
import * as ui from './state';
import type { LabelChoice } from './wire';

export interface Editing {
  relabel(choice: LabelChoice): void;
  relabelByKey(key: string): void;
  drop(): void;
  undo(): void;
  redo(): void;
}

export function createEditing(source: Source, desk: Desk): Editing {
  const rows = (): number[] => ui.targets(desk.state());

  function relabel(choice: LabelChoice): void {
    if (rows().length > 0) {
      source.relabel(rows(), choice);
    }
  }

  return {
    relabel,
    relabelByKey(key) {
      const label = source.points?.label;
      const code = label?.kind === 'class' ? classKeys(label.classes).indexOf(key) : -1;
      if (code >= 0) {
        relabel({ label: code });
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
}
