/** Consoles: JupyterLab would close the comm that their kernel says hello with, and call it an error. */

import type { IConsoleTracker } from '@jupyterlab/console';
import type { Kernel } from '@jupyterlab/services';

import { HELLO } from './channel';
import { endSubshell } from './line';

/** Lets every console's connection take it; the runs are asked for on a connection of our own, which hears it as well. */
export function takeHellos(consoles: IConsoleTracker): void {
  const take = (kernel: Kernel.IKernelConnection | null | undefined): void =>
    kernel?.registerCommTarget(HELLO, endSubshell);
  const follow = ({ sessionContext }: { sessionContext: Context }): void => {
    take(sessionContext.session?.kernel);
    sessionContext.kernelChanged.connect((_, { newValue }) => take(newValue));
  };
  consoles.forEach(follow);
  consoles.widgetAdded.connect((_, panel) => follow(panel));
}

type Context = NonNullable<IConsoleTracker['currentWidget']>['sessionContext'];
