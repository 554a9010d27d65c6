/** Provides the runs of all kernels to the other plugins. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IConsoleTracker } from '@jupyterlab/console';
import { INotebookTracker } from '@jupyterlab/notebook';

import { takeHellos } from './consoles';
import { IRuns } from './tokens';
import { RunsWatch } from './watch';

export const runs: JupyterFrontEndPlugin<IRuns> = {
  id: 'dvlwidgets:runs',
  description: 'Knows the valuation runs of every kernel',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [IConsoleTracker],
  provides: IRuns,
  activate(app: JupyterFrontEnd, notebooks: INotebookTracker, consoles: IConsoleTracker | null): IRuns {
    if (consoles !== null) {
      takeHellos(consoles);
    }
    return new RunsWatch(notebooks, app.serviceManager, app.restored);
  },
};
