/** Why a click has not reached Python yet, in words. Pure. */

import { shown } from './shown';
import type { Control } from './source';

/** What an ipykernel tells of itself; null for a host with another kernel. */
export interface KernelFacts {
  readonly version: string;
  /** Threads that take messages while a cell computes: ipykernel 7.1 and newer have them. */
  readonly subshells: boolean;
}

/** What was asked of Python last and is not answered. */
export type Unheard = Control | 'edit';

/** Reads the panel's trait; anything else than an ipykernel's words is null. */
export function kernelFacts(given: unknown): KernelFacts | null {
  if (typeof given !== 'object' || given === null) {
    return null;
  }
  const { ipykernel, subshells } = given as Record<string, unknown>;
  return typeof ipykernel === 'string' && ipykernel !== ''
    ? { version: shown(ipykernel.slice(0, 30)), subshells: subshells === true }
    : null;
}

/** `running`: whether fits are made meanwhile. */
export function whyUnheard(what: Unheard, kernel: KernelFacts | null, running: boolean): string {
  const subject = what === 'edit' ? 'Your edit' : `“${what[0]!.toUpperCase()}${what.slice(1)}”`;
  const meanwhile = running ? ' The run goes on meanwhile.' : '';
  if (kernel === null) {
    return `${subject} has not reached Python yet: it is busy.${meanwhile}`;
  }
  if (kernel.subshells) {
    return (
      `${subject} has not reached Python yet: it waits for a cell that runs.${meanwhile} ` +
      `This kernel (ipykernel ${kernel.version}) hears clicks while a cell runs if the front-end sends them to a ` +
      'subshell: JupyterLab does unless its setting “Kernel Comms over subshells” is off. ' +
      'Interrupting the cell (■) lets the click through.'
    );
  }
  return (
    `${subject} has not reached Python yet: this kernel (ipykernel ${kernel.version}) hears clicks only between ` +
    `cells, and one seems to run.${meanwhile} Interrupting the cell (■) lets the click through; in JupyterLab, ` +
    'ipykernel 7.1 or newer hears it at once.'
  );
}

/** Nothing at all was heard for a while: the kernel may be gone as well. */
export function whySilent(kernel: KernelFacts | null): string {
  const deaf = kernel !== null && !kernel.subshells;
  const words = deaf ? ` ipykernel ${kernel.version} hears clicks only between cells.` : '';
  return `The kernel does not answer; it may be busy with a cell, or gone.${words} What you see is from its last answer.`;
}

/** Nothing was ever heard: there is nothing to show yet. */
export function whyBlank(kernel: KernelFacts | null): string {
  if (kernel !== null && !kernel.subshells) {
    return (
      `The kernel does not answer. This one (ipykernel ${kernel.version}) answers only between cells: if a cell runs, ` +
      'the panel fills when it ends. If none does, the kernel is gone: run the cell again to get a new panel.'
    );
  }
  return 'The kernel does not answer. It may be busy with a cell, or gone: run the cell again to get a new panel.';
}
