/** A shared copy's points: the same panel, with nobody to ask. */

import { mountPanel } from './panel';
import type { Points } from './points';
import { readSnapshot, type Snapshot } from './snapshot';
import type { Preview, Source } from './source';
import { createWalks } from './walked';
import { Say } from './words';

class SavedSource implements Source {
  readonly live = false;
  readonly unsaved = 0;
  readonly asked = null;
  readonly points: Points;
  readonly note: string;
  /** Without rows a panel is as high as what it says. */
  readonly height: number;

  constructor(private readonly copy: Snapshot) {
    this.points = copy.points;
    this.note = copy.note;
    this.height = copy.points.n > 0 ? 600 : 0;
  }

  preview(row: number): Preview | undefined {
    return this.copy.previews.get(row);
  }
}

/** Shows the payload of a copy below `parent`; returns how to take it away. Throws when it cannot be read. */
export function mountSaved(parent: HTMLElement, payload: string): () => void {
  return mountPanel(parent, new SavedSource(readSnapshot(payload)), null, createWalks());
}

/** What to say in place of a panel; `stands`: what the reader still has. */
export function problemOf(error: unknown, stands: string): string {
  const why = error instanceof Error ? error.message : String(error);
  return `${Say.noPanel} ${why} ${stands}`;
}
