/**
 * A part of a live panel, in files of its own: what it shows, which keys it takes, what it says to Python.
 *
 * Its other half, where it has one, is a class of the same name in `dvlwidgets/widgets/parts/`: the page sends
 * `{t: 'part', part: NAME, request, ...}`, Python `{v: 1, t: 'part', part: NAME, request, ...}` with buffers. The newest
 * message of each kind (`t` of its body) is kept, so that another view of the same model begins with it.
 */

import type { Derived } from '../derive';
import type { Choice, Grid } from '../grid';
import type { Desk } from '../intents';
import type { Column } from '../layout';
import type { SetState } from '../live';
import type { Points } from '../points';
import type { Buffer, Json } from '../read';
import type { Change, LiveSource } from '../source';
import type { UiState } from '../state';

/** What Python says to a part; it is the part that checks it (see read.ts). */
export interface PartMessage {
  readonly part: string;
  /** The request that it answers, if it answers one. */
  readonly request: string | null;
  /** What it is, within its part. */
  readonly kind: string;
  readonly body: Json;
  readonly buffers: readonly Buffer[];
}

/** What a source of a live valuation panel can do for its parts. */
export interface PartSource extends LiveSource {
  /**
   * Sends a command to a part's other half; returns the number of the request. `quietly`: nobody asked for it, so
   * nothing is said where Python does not answer.
   */
  ask(part: string, body: Readonly<Record<string, unknown>>, quietly?: boolean): string;
  /** Asks for an edit, one of `EDITS` in commands.py; it is unsaved until it is answered. */
  editBy(command: Readonly<Record<string, unknown>> & { readonly t: string }): void;
  /** Hears what Python says to a part, first what was said before; returns how to stop that. */
  hear(part: string, listener: (message: PartMessage) => void): () => void;
  /** Shows a sentence at the top of the panel. */
  complain(sentence: string): void;
  /** Tells every view that something changed, e.g. after a part has put columns into the points. */
  tell(change: Change): void;
}

/** What a part is given when it is made. */
export interface Hub {
  readonly source: PartSource;
  readonly desk: Desk;
  readonly set: SetState;
  /** Absent: those of the valuation panel. */
  readonly columns?: Choice;
  /** Of the table, once the part that has it is there. */
  readonly grid?: () => Grid | undefined;
  /** What the rows of the table are, where a panel has more tables than one. */
  readonly rows?: string;
}

/** What there is to see at a moment. */
export interface Sight {
  readonly points: Points;
  readonly state: UiState;
  readonly derived: Derived;
  /** The point in focus, -1 for none. */
  readonly focus: number;
  /** Of the table, from left to right. */
  readonly columns: readonly Column[];
}

/** Elements go to their places once; a part shows and hides what is its own. */
export interface Part {
  /** Cards of the left column, below those that are always there. */
  readonly overview?: readonly HTMLElement[];
  /** In the line of filters. */
  readonly bar?: readonly HTMLElement[];
  /** Buttons in the toolbar, before the help. */
  readonly tools?: readonly HTMLElement[];
  /** In the column of the point in focus, below the labels. */
  readonly detail?: readonly HTMLElement[];
  /** Words in the foot. */
  readonly footer?: readonly HTMLElement[];
  /** Buttons at the end of the foot, which no word moves. */
  readonly deeds?: readonly HTMLElement[];
  /** Beside undo and redo. */
  readonly takeBack?: readonly HTMLElement[];
  /** Sheets and menus over the panel. */
  readonly overlays?: readonly HTMLElement[];
  readonly style?: string;
  /** Of the table; one part has it. */
  readonly grid?: Grid;
  /** Keys that the help lists. */
  readonly keys?: readonly (readonly [string, string])[];
  /** Takes a key that nothing else took; true when it was one of the part's. `target`: where it was pressed. */
  press?(event: KeyboardEvent, target: Element): boolean;
  /** Once a frame at most, after the table was painted. */
  paint?(sight: Sight): void;
  end?(): void;
}

export type MakePart = (hub: Hub) => Part;
