/** What the plugins of this extension share. */

import type { NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import type { Preferences } from './channel';
import type { Link } from './talk';
import type { Kind } from './elsewhere';
import type { Change, RunInfo, Verb, Versions } from './runs';

/** The runs of one kernel. */
export interface Group {
  /** Id of the kernel. */
  readonly kernel: string;
  /** What the kernel works for. */
  readonly kind: Kind;
  /** Of the notebook or the console; empty where the kernel has neither. */
  readonly path: string;
  /** File name of the notebook, or what the console is called. */
  readonly name: string;
  /** Whether its notebook is open in this window. */
  readonly here: boolean;
  readonly link: Link;
  readonly known: boolean;
  readonly executing: boolean;
  readonly subshells: boolean | null;
  readonly versions: Versions;
  readonly refusal: string | null;
  /** Runs that the kernel has but does not list. */
  readonly leftOut: number;
  readonly runs: readonly RunInfo[];
}

/** A run, and where it is. */
export interface Place {
  readonly group: Group;
  readonly run: RunInfo;
}

export interface IRuns {
  /** Kernels with dvlwidgets, in the order in which their notebooks were opened or they were found. */
  readonly groups: readonly Group[];
  readonly all: readonly Place[];
  /** Something that is shown has changed. */
  readonly changed: ISignal<IRuns, void>;
  /** A run is new, or its state another. */
  readonly stateChanged: ISignal<IRuns, Change>;
  /** The run that commands without a name are about. */
  focus: string | null;
  /** By id or name; null when there is none. */
  find(run: string): Place | null;
  control(place: Place, verb: Verb): void;
  /** Asks every kernel now. */
  refresh(): void;
  /** The list is in sight, or is not any more. */
  see(visible: boolean): void;
  /** `chosen` goes to each kernel that is found, `changed` to those that are there. */
  prefer(chosen: Preferences, changed: Preferences): void;
  /** The open notebook of a group. */
  notebook(path: string): NotebookPanel | null;
}

export const IRuns = new Token<IRuns>('dvlwidgets:IRuns', 'The valuation runs of all kernels.');
