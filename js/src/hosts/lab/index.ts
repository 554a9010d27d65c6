/** The JupyterLab extension: small plugins, a file each. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { commands } from './commands';
import { snapshots } from './renderer';
import { running } from './running';
import { runs } from './runs_plugin';
import { settings } from './settings';
import { sidePanel } from './side_panel';
import { status } from './status';
import { views } from './views';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  runs,
  settings,
  commands,
  views,
  sidePanel,
  running,
  status,
  snapshots,
];

export default plugins;
