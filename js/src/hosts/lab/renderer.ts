/** Shows shared copies in notebooks: interactive without a kernel, trusted or not; live where the kernel has them. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IConsoleTracker } from '@jupyterlab/console';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { SNAPSHOT } from './renderer_copy';
import { homesIn } from './renderer_home';
import { followPanels } from './renderer_stored';
import { SnapshotRenderer } from './renderer_view';

/** Before the widget view (-10), which would wait for a kernel for ever. */
const RANK = -20;

export const snapshots: JupyterFrontEndPlugin<void> = {
  id: 'dvlwidgets:snapshots',
  description: 'Shows shared copies of valuation panels',
  autoStart: true,
  requires: [IRenderMimeRegistry, INotebookTracker],
  optional: [IConsoleTracker, ITranslator],
  activate(
    _: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    notebooks: INotebookTracker,
    consoles: IConsoleTracker | null,
    translator: ITranslator | null
  ) {
    followPanels(notebooks);
    const homes = homesIn(notebooks, consoles);
    const trans = (translator ?? nullTranslator).load('dvlwidgets');
    rendermime.addFactory(
      {
        safe: true, // it makes text of what it finds, and runs nothing
        mimeTypes: [SNAPSHOT],
        defaultRank: RANK,
        createRenderer: (options) => new SnapshotRenderer(homes, options, trans),
      },
      RANK
    );
  },
};
