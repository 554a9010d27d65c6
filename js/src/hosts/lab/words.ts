/** What the list of runs says, in words. Pure; `trans` is JupyterLab's translation bundle, or one that says it as it is. */

import { count, duration, percent } from '../../format';
import { shown } from '../../shown';
import type { Kind } from './elsewhere';
import { isAlive, isWorking, type RunInfo, type Verb, type Versions } from './runs';

export interface Trans {
  __(text: string, ...args: (string | number)[]): string;
  _n(one: string, more: string, n: number, ...args: (string | number)[]): string;
}

/** "running", "pausing ...", "stopped". */
export function stateWords(run: RunInfo, trans: Trans): string {
  if (run.pending !== null && isAlive(run)) {
    const asked: Record<Verb, string> = {
      pause: trans.__('pausing …'),
      resume: trans.__('resuming …'),
      stop: trans.__('stopping …'),
    };
    return asked[run.pending];
  }
  const states: Record<RunInfo['state'], string> = {
    pending: trans.__('not started'),
    running: trans.__('running'),
    paused: trans.__('paused'),
    stopped: trans.__('stopped'),
    finished: trans.__('finished'),
    failed: trans.__('failed'),
  };
  return states[run.state];
}

/** How far it is: "2,400 of 12,000 updates". */
export function doneWords(run: RunInfo, trans: Trans): string {
  if (run.done <= 0 && run.total === null) {
    return '';
  }
  return run.total === null
    ? trans.__('%1 %2', count(run.done), run.unit)
    : trans.__('%1 of %2 %3', count(run.done), count(run.total), run.unit);
}

/** Time left while it runs, time spent afterwards. */
export function timeWords(run: RunInfo, trans: Trans): string {
  if (isWorking(run)) {
    return run.left === null ? '' : trans.__('%1 left', duration(run.left));
  }
  if (run.seconds <= 0) {
    return '';
  }
  const spent = duration(run.seconds);
  return run.state === 'paused' ? trans.__('%1 so far', spent) : trans.__('after %1', spent);
}

/** All that a person who does not see the bar wants to hear of a run. */
export function spoken(run: RunInfo, trans: Trans): string {
  const parts = [
    run.name,
    run.method,
    stateWords(run, trans),
    isAlive(run) ? percent(run.completion) : '',
    timeWords(run, trans),
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** The status bar: "2 runs, 63 %"; empty without a run that works or is paused. */
export function barWords(runs: readonly RunInfo[], trans: Trans): string {
  const alive = runs.filter(isAlive);
  if (alive.length === 0) {
    return '';
  }
  const mean = alive.reduce((sum, run) => sum + run.completion, 0) / alive.length;
  return trans._n('%2 run, %3', '%2 runs, %3', alive.length, count(alive.length), percent(mean));
}

/** Why a kernel does not answer. */
export function waitingWords(
  facts: { subshells: boolean | null; executing: boolean; versions: Versions },
  trans: Trans
): string {
  if (facts.subshells === false && facts.executing) {
    const which = facts.versions.ipykernel === null ? '' : ` (ipykernel ${facts.versions.ipykernel})`;
    return trans.__(
      'This kernel%1 hears nothing while a cell computes: what is shown is from before, and a click takes effect when the cell is done. With ipykernel 7.1 or newer it answers at once.',
      which
    );
  }
  return facts.executing
    ? trans.__('The kernel is busy with a cell and has not answered yet: what is shown is from before.')
    : trans.__('The kernel does not answer; it may be gone. What is shown is from before.');
}

/** What a click on the name of a group does; empty where there is nothing to show. */
export function groupWords(
  { kind, path, here }: { kind: Kind; path: string; here: boolean },
  trans: Trans
): string {
  switch (kind) {
    case 'notebook':
      return here
        ? trans.__('Show the notebook %1', shown(path))
        : trans.__('Open the notebook %1', shown(path));
    case 'console':
      return trans.__('Show the console %1', shown(path));
    default:
      return '';
  }
}

export function olderWords(leftOut: number, trans: Trans): string {
  return trans._n('%1 more run is over and not listed.', '%1 more runs are over and not listed.', leftOut);
}

/** What a change is called out as. */
export function announcement(run: RunInfo, trans: Trans): string {
  return run.error === null
    ? trans.__('%1: %2', run.name, stateWords(run, trans))
    : trans.__('%1: %2, %3', run.name, stateWords(run, trans), run.error);
}
