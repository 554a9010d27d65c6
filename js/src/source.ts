/** What a panel needs to know of the outside world: a live model or a saved page answers this. */

import type { ViewMemory } from './memory';
import type { Points } from './points';
import type { KernelFacts, Unheard } from './unheard';
import type { LabelChoice } from './wire';

export type Change = 'values' | 'status' | 'edits' | 'previews' | 'link';

/** waiting: no frame came yet; ok; silent: asked and not answered. */
export type Link = 'waiting' | 'ok' | 'silent';

export type Control = 'start' | 'pause' | 'resume' | 'stop';

export type Preview = Uint8Array | string;

export interface Source {
  /** False for a saved page: nothing can be asked of Python. */
  readonly live: boolean;
  readonly height: number;
  readonly points: Points | null;
  /** Edits that were asked for and are not on disk yet. */
  readonly unsaved: number;
  /** The button that was pressed last, until Python shows that it heard. */
  readonly asked: Control | null;
  /** Whether Python answers; a saved page has none. */
  readonly link?: Link;
  /** What a reader must know of these points before they look at them; a live panel says it elsewhere. */
  readonly note?: string;
  preview(row: number): Preview | undefined;
  /** Calls back after every change; returns how to stop that. Absent where nothing changes. */
  subscribe?(listener: (change: Change) => void): () => void;
}

/** A source with a kernel behind it. */
export interface LiveSource extends Source {
  readonly title: string;
  readonly link: Link;
  /** What has been asked for a while ago and is not answered, although Python may speak of other things. */
  readonly unheard: Unheard | null;
  /** What the kernel says of its own ears; null where there is no ipykernel. */
  readonly kernel: KernelFacts | null;
  /** A shared copy as an HTML page, for a host that keeps the model's state without its kernel; or nothing. */
  readonly page: string;
  /** The last complaint, until it is dismissed. */
  readonly problem: string | null;
  /** What the last view was like; the next one goes on from there. */
  memory: ViewMemory | null;
  wantPreviews(rows: readonly number[]): void;
  subscribe(listener: (change: Change) => void): () => void;
  control(verb: Control): void;
  relabel(rows: readonly number[], choice: LabelChoice): void;
  drop(rows: readonly number[], dropped: boolean): void;
  undo(): void;
  redo(): void;
  dismiss(): void;
}
