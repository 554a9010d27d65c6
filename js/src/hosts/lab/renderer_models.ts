/** Which widgets a kernel has. */

import type { Kernel } from '@jupyterlab/services';

import { commsOf } from './control';

/** An answer serves all outputs of a notebook that ask together (ms). */
const FRESH = 1000;
const WIDGET = 'jupyter.widget';

interface Asked {
  readonly at: number;
  readonly comms: ReturnType<typeof commsOf>;
}

const asked = new WeakMap<Kernel.IKernelConnection, Asked>();

/** Whether the kernel has the model of a widget; it answers while a cell computes as well. */
export async function hasModel(kernel: Kernel.IKernelConnection, model: string): Promise<boolean> {
  let last = asked.get(kernel);
  if (last === undefined || Date.now() - last.at > FRESH) {
    last = { at: Date.now(), comms: commsOf(kernel) };
    asked.set(kernel, last);
  }
  return (await last.comms)[model]?.target_name === WIDGET;
}

/** What a kernel had is gone. */
export function forgetModels(kernel: Kernel.IKernelConnection): void {
  asked.delete(kernel);
}
