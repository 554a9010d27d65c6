/** Which widgets a kernel has. */

import type { Kernel } from '@jupyterlab/services';

import { commsOf } from './control';

/** So long an answer is taken as one of now (ms). */
const FRESH = 1000;
const WIDGET = 'jupyter.widget';

interface Asked {
  readonly at: number;
  readonly comms: ReturnType<typeof commsOf>;
}

const asked = new WeakMap<Kernel.IKernelConnection, Asked>();

/**
 * Whether the kernel has the model of a widget; it answers while a cell computes as well. A yes serves all outputs that
 * ask together; for a no it is asked again, as the model may have come since another output asked.
 */
export async function hasModel(kernel: Kernel.IKernelConnection, model: string): Promise<boolean> {
  const last = asked.get(kernel);
  if (last !== undefined && Date.now() - last.at <= FRESH && has(await last.comms, model)) {
    return true;
  }
  let now = asked.get(kernel);
  if (now === undefined || now === last) {
    now = { at: Date.now(), comms: commsOf(kernel) };
    asked.set(kernel, now);
  }
  return has(await now.comms, model);
}

function has(comms: Awaited<Asked['comms']>, model: string): boolean {
  return comms[model]?.target_name === WIDGET;
}

/** What a kernel had is gone. */
export function forgetModels(kernel: Kernel.IKernelConnection): void {
  asked.delete(kernel);
}
