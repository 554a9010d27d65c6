/** Brings what a kernel works for to the front, and opens it where it is not open. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { NotebookPanel } from '@jupyterlab/notebook';

import type { Kind } from './elsewhere';
import type { Group, IRuns } from './tokens';

/** JupyterLab's own; the second finds a console that is open, and else shows the one that runs. */
const OPEN: Partial<Record<Kind, string>> = { notebook: 'docmanager:open', console: 'console:open' };

/** Returns the notebook, once it shows its cells; null where there is none, or it opens elsewhere. */
export async function bring(app: JupyterFrontEnd, runs: IRuns, group: Group): Promise<NotebookPanel | null> {
  const there = runs.notebook(group.path);
  if (there !== null) {
    app.shell.activateById(there.id);
    return there;
  }
  const command = OPEN[group.kind];
  if (command === undefined || !app.commands.hasCommand(command)) {
    return null;
  }
  await app.commands.execute(command, { path: group.path });
  const opened = runs.notebook(group.path);
  await opened?.revealed;
  return opened;
}
