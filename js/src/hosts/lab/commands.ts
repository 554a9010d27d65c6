/** Commands for runs: in the palette, in the menu, behind the buttons of the list, and with keys. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { runsIcon } from './icons';
import { COMMANDS, PANEL_ID } from './names';
import { bring } from './opening';
import { revealNext, revealRun } from './reveal';
import { may, meant, type Verb } from './runs';
import { IRuns, type Place } from './tokens';
import type { Trans } from './words';

const RUN = {
  type: 'object',
  properties: {
    run: { type: 'string', description: 'Id or name of the run; without it, the one in focus or the newest' },
  },
};
const NONE = { type: 'object', properties: {} };

export const commands: JupyterFrontEndPlugin<void> = {
  id: 'dvlwidgets:commands',
  description: 'Commands for valuation runs and panels',
  autoStart: true,
  requires: [IRuns, INotebookTracker],
  optional: [ITranslator, ICommandPalette],
  activate(
    app: JupyterFrontEnd,
    runs: IRuns,
    notebooks: INotebookTracker,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ) {
    const trans = (translator ?? nullTranslator).load('dvlwidgets');
    addVerbs(app, runs, trans);
    addReveal(app, runs, trans);
    addShow(app, trans);
    addNext(app, notebooks, trans);
    for (const command of [
      COMMANDS.show,
      COMMANDS.pause,
      COMMANDS.resume,
      COMMANDS.stop,
      COMMANDS.reveal,
      COMMANDS.next,
    ]) {
      palette?.addItem({ command, category: trans.__('Data Valuation') });
    }
    runs.stateChanged.connect(() => app.commands.notifyCommandChanged());
  },
};

function placeOf(runs: IRuns, args: ReadonlyPartialJSONObject, verb: Verb | null): Place | null {
  if (typeof args.run !== 'string') {
    return meant(runs.all, runs.focus, verb);
  }
  const place = runs.find(args.run);
  return place !== null && (verb === null || may(place.run).includes(verb)) ? place : null;
}

function addVerbs(app: JupyterFrontEnd, runs: IRuns, trans: Trans): void {
  const add = (verb: Verb, label: string, caption: string): void => {
    app.commands.addCommand(COMMANDS[verb], {
      label,
      caption,
      describedBy: { args: RUN },
      isEnabled: (args) => placeOf(runs, args, verb) !== null,
      execute: (args) => {
        const place = placeOf(runs, args, verb);
        if (place !== null) {
          runs.control(place, verb);
        }
        return place?.run.name ?? null;
      },
    });
  };
  add('pause', trans.__('Pause the Run'), trans.__('Hands out no new work; what is finished is kept'));
  add('resume', trans.__('Resume the Run'), trans.__('Goes on after a pause'));
  add('stop', trans.__('Stop the Run'), trans.__('Ends the run with the values so far'));
}

function addReveal(app: JupyterFrontEnd, runs: IRuns, trans: Trans): void {
  app.commands.addCommand(COMMANDS.reveal, {
    label: trans.__('Reveal the Cell of the Run'),
    caption: trans.__('Brings the notebook of a run to the front and scrolls to the cell that made it'),
    describedBy: { args: RUN },
    isEnabled: (args) => placeOf(runs, args, null) !== null,
    execute: async (args) => {
      const place = placeOf(runs, args, null);
      const panel = place === null ? null : await bring(app, runs, place.group);
      return place === null || panel === null ? null : revealRun(panel, place.run);
    },
  });
}

function addShow(app: JupyterFrontEnd, trans: Trans): void {
  app.commands.addCommand(COMMANDS.show, {
    label: trans.__('Show the Valuation Runs'),
    caption: trans.__('Opens the list of valuation runs at the side'),
    icon: runsIcon,
    describedBy: { args: NONE },
    execute: () => app.shell.activateById(PANEL_ID),
  });
}

function addNext(app: JupyterFrontEnd, notebooks: INotebookTracker, trans: Trans): void {
  const current = (): NotebookPanel | null =>
    app.shell.currentWidget === notebooks.currentWidget ? notebooks.currentWidget : null;
  app.commands.addCommand(COMMANDS.next, {
    label: trans.__('Scroll to the Next Valuation Panel'),
    caption: trans.__('Makes the next cell that shows a panel active, and scrolls to it'),
    describedBy: { args: NONE },
    isEnabled: () => current() !== null,
    execute: async () => {
      const panel = current();
      return panel === null ? null : revealNext(panel);
    },
  });
}
