/** Provides the runs of all kernels to the other plugins. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';

import { IRuns } from './tokens';
import { RunsWatch } from './watch';

export const runs: JupyterFrontEndPlugin<IRuns> = {
  id: 'dvlwidgets:runs',
  description: 'Knows the valuation runs of every open notebook',
  autoStart: true,
  requires: [INotebookTracker],
  provides: IRuns,
  activate: (_app: JupyterFrontEnd, notebooks: INotebookTracker): IRuns => new RunsWatch(notebooks),
};
