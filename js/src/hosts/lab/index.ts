/** The JupyterLab extension: for now one command, which finds the valuation panels of the notebook in front. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';

import { nextPanel } from './order';

const COMMAND = 'dvlwidgets:next-panel';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'dvlwidgets:plugin',
  description: 'Commands for the valuation panels of a notebook',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ICommandPalette],
  activate(app: JupyterFrontEnd, notebooks: INotebookTracker, palette: ICommandPalette | null): void {
    const current = (): NotebookPanel | null =>
      app.shell.currentWidget === notebooks.currentWidget ? notebooks.currentWidget : null;
    app.commands.addCommand(COMMAND, {
      label: 'Scroll to the Next Valuation Panel',
      caption: 'Makes the next cell that shows a dvlwidgets panel active, and scrolls to it',
      isEnabled: () => current() !== null,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => {
        const notebook = current()?.content;
        const cells =
          notebook?.widgets.map((cell) => cell.node.querySelector('[data-dvl-panel]') !== null) ?? [];
        const index = nextPanel(cells, notebook?.activeCellIndex ?? -1);
        if (notebook === undefined || index < 0) {
          return null;
        }
        notebook.activeCellIndex = index;
        notebook.deselectAll();
        notebook.widgets[index]?.node.querySelector('[data-dvl-panel]')?.scrollIntoView({ block: 'nearest' });
        await notebook.scrollToItem(index, 'smart');
        return index;
      },
    });
    palette?.addItem({ command: COMMAND, category: 'Data Valuation' });
  },
};

export default plugin;
