/** The status bar says how many runs there are and how far; a click opens the list. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { h, setAttr, setText } from '../../dom';
import { COMMANDS } from './names';
import { isAlive } from './runs';
import { IRuns } from './tokens';
import { barWords, spoken } from './words';

export const status: JupyterFrontEndPlugin<void> = {
  id: 'dvlwidgets:status',
  description: 'Number and progress of the valuation runs in the status bar',
  autoStart: true,
  requires: [IRuns],
  optional: [IStatusBar, ITranslator],
  activate(app: JupyterFrontEnd, runs: IRuns, bar: IStatusBar | null, translator: ITranslator | null) {
    if (bar === null) {
      return; // Notebook 7 has none
    }
    const trans = (translator ?? nullTranslator).load('dvlwidgets');
    const button = h('button', {
      type: 'button',
      class: 'dvl-status',
      onclick: () => void app.commands.execute(COMMANDS.show),
    });
    const item = new Widget();
    item.addClass('dvl-status-item');
    item.node.append(button);
    const alive = () => runs.all.map(({ run }) => run).filter(isAlive);
    const draw = (): void => {
      const now = alive();
      setText(button, barWords(now, trans));
      const lines = now.map((run) => spoken(run, trans));
      setAttr(button, 'title', [...lines, trans.__('Show the valuation runs')].join('\n'));
    };
    runs.changed.connect(draw);
    draw();
    bar.registerStatusItem('dvlwidgets:status', {
      item,
      align: 'left',
      rank: 90,
      isActive: () => alive().length > 0,
      activeStateChanged: runs.changed,
    });
  },
};
