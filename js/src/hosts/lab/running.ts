/** The runs in JupyterLab's own list of what is running. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRunningSessionManagers, type IRunningSessions } from '@jupyterlab/running';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { percent } from '../../format';
import { runsIcon } from './icons';
import { COMMANDS } from './names';
import { isAlive } from './runs';
import { IRuns, type Place } from './tokens';
import { spoken } from './words';

export const running: JupyterFrontEndPlugin<void> = {
  id: 'dvlwidgets:running',
  description: 'Valuation runs among the running terminals and kernels',
  autoStart: true,
  requires: [IRuns],
  optional: [IRunningSessionManagers, ITranslator],
  activate(
    app: JupyterFrontEnd,
    runs: IRuns,
    managers: IRunningSessionManagers | null,
    translator: ITranslator | null
  ) {
    const trans = (translator ?? nullTranslator).load('dvlwidgets');
    const alive = (): Place[] => runs.all.filter(({ run }) => isAlive(run));
    const item = (place: Place): IRunningSessions.IRunningItem => ({
      label: () => place.run.name,
      labelTitle: () => `${spoken(place.run, trans)}\n${place.group.path}`,
      detail: () => percent(place.run.completion),
      icon: () => runsIcon,
      context: place.run.id,
      open: () => {
        const command = place.run.model === null ? COMMANDS.reveal : COMMANDS.tab;
        void app.commands.execute(command, { run: place.run.id });
      },
      shutdown: () => runs.control(place, 'stop'),
    });
    managers?.add({
      name: trans.__('Valuation Runs'),
      running: () => alive().map(item),
      shutdownAll: () => alive().forEach((place) => runs.control(place, 'stop')),
      refreshRunning: () => runs.refresh(),
      runningChanged: runs.changed,
      shutdownLabel: trans.__('Stop'),
      shutdownAllLabel: trans.__('Stop All'),
      shutdownAllConfirmationText: trans.__('Stop all valuation runs? Each ends with the values so far.'),
    });
  },
};
