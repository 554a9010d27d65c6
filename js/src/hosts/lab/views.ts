/** Opens live panels as tabs and beside their notebooks, and again after a reload of the page. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { UUID, type ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Shown } from './order';
import { bring } from './opening';
import { meant } from './runs';
import { COMMANDS } from './names';
import { IRuns } from './tokens';
import { LiveView } from './view';

const ARGS = {
  type: 'object',
  properties: {
    run: { type: 'string', description: 'Id or name of the run; without it, the one in focus or the newest' },
    path: { type: 'string', description: 'Of the notebook, for a run that is not known yet' },
    name: { type: 'string', description: 'Of a run that is not known yet' },
    where: { type: 'string', enum: ['tab', 'beside'] },
  },
};

type View = MainAreaWidget<LiveView>;

export const views: JupyterFrontEndPlugin<void> = {
  id: 'dvlwidgets:views',
  description: 'Opens valuation panels as tabs and beside their notebooks',
  autoStart: true,
  requires: [IRuns],
  optional: [ITranslator, ICommandPalette, ILayoutRestorer],
  activate(
    app: JupyterFrontEnd,
    runs: IRuns,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ) {
    const trans = (translator ?? nullTranslator).load('dvlwidgets');
    const tracker = new WidgetTracker<View>({ namespace: 'dvlwidgets-views' });

    function open(shown: Shown): View {
      const same = tracker.find(
        ({ content }) => content.shown.run === shown.run && content.shown.where === shown.where
      );
      const view = same ?? new MainAreaWidget({ content: new LiveView(shown, runs, trans) });
      if (same === undefined) {
        view.id = `dvlwidgets-view-${UUID.uuid4()}`;
        void tracker.add(view);
        view.content.moved.connect(() => void tracker.save(view));
        add(app, view, shown, runs.notebook(shown.path)?.id ?? null);
      }
      app.shell.activateById(view.id);
      return view;
    }

    const command = (id: string, where: Shown['where'], label: string, caption: string): void => {
      app.commands.addCommand(id, {
        label,
        caption,
        describedBy: { args: ARGS },
        isEnabled: (args) => shownBy(runs, args, where) !== null,
        execute: async (args) => {
          const shown = shownBy(runs, args, where);
          const group = shown === null ? undefined : runs.find(shown.run)?.group;
          if (group !== undefined && !group.here && args.where === undefined) {
            await bring(app, runs, group); // its renderers are needed; a layout that comes back brings it or does not
          }
          return shown === null ? null : open(shown);
        },
      });
      palette?.addItem({ command: id, category: trans.__('Data Valuation') });
    };
    command(
      COMMANDS.tab,
      'tab',
      trans.__('Open the Panel as a Tab'),
      trans.__('Shows the live panel of a run in a tab of its own, in the full height')
    );
    command(
      COMMANDS.beside,
      'beside',
      trans.__('Open the Panel Beside the Notebook'),
      trans.__('Shows the live panel of a run to the right of its notebook')
    );
    void restorer?.restore(tracker, {
      command: COMMANDS.tab,
      args: ({ content }) => ({ ...content.shown }),
      // the same before and after: it is how the layout knows a view again
      name: ({ content: { shown } }) => `${shown.where}:${shown.path}:${shown.run}`,
    });
  },
};

/** What to show: a known run, or one that is still to come and named in full. */
function shownBy(runs: IRuns, args: ReadonlyPartialJSONObject, where: Shown['where']): Shown | null {
  const { run, path, name } = args;
  const place = typeof run === 'string' ? runs.find(run) : meant(runs.all, runs.focus, null);
  const at = args.where === 'beside' || args.where === 'tab' ? args.where : where;
  if (place !== null && place.run.model !== null) {
    return { path: place.group.path, name: place.run.name, run: place.run.id, where: at };
  }
  if (typeof run === 'string' && typeof path === 'string' && typeof name === 'string') {
    return { path, name, run, where: at };
  }
  return null;
}

function add(app: JupyterFrontEnd, view: View, { where }: Shown, ref: string | null): void {
  app.shell.add(view, 'main', { mode: where === 'beside' ? 'split-right' : 'tab-after', ref });
  if (view.parent === null) {
    app.shell.add(view, 'right', { rank: 901 }); // Notebook 7 has room for one widget in the middle
  }
}
