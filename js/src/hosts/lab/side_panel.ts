/** The side panel: the runs of every kernel. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { h, setText, show } from '../../dom';
import { COMMANDS, PANEL_ID } from './names';
import { runsIcon } from './icons';
import type { Deed } from './item';
import { RunList } from './list';
import { bring } from './opening';
import { IRuns, type Group, type Place } from './tokens';
import { announcement, type Trans } from './words';

const DEEDS: Record<Deed, string> = {
  pause: COMMANDS.pause,
  resume: COMMANDS.resume,
  stop: COMMANDS.stop,
  reveal: COMMANDS.reveal,
  beside: COMMANDS.beside,
  tab: COMMANDS.tab,
};

export class RunsPanel extends Widget {
  private readonly list: RunList;
  private readonly empty: HTMLElement;
  private readonly live = h('div', { class: 'dvl-spoken', 'aria-live': 'polite' });

  constructor(
    private readonly runs: IRuns,
    trans: Trans,
    execute: (command: string, args: Record<string, string>) => void,
    open: (group: Group) => void
  ) {
    super();
    this.id = PANEL_ID;
    this.title.icon = runsIcon;
    this.title.caption = trans.__('Valuation Runs');
    this.addClass('dvl-runs');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Valuation Runs'));
    this.list = new RunList(trans, {
      act: (deed, { run }: Place) => execute(DEEDS[deed], { run: run.id }),
      open,
      focused: (run) => {
        runs.focus = run;
      },
    });
    this.empty = h(
      'p',
      { class: 'dvl-empty', tabindex: -1 },
      trans.__(
        'No runs yet: a run is listed here as soon as a notebook or a console makes a panel, for instance with ValuationPanel(...).'
      )
    );
    const heading = h('h2', { class: 'dvl-heading' }, trans.__('Valuation Runs'));
    this.node.append(heading, this.empty, this.list.element, this.live);
    runs.changed.connect(() => this.update());
    runs.stateChanged.connect((_, { run, before }) => {
      if (before !== null) {
        setText(this.live, announcement(run, trans));
      }
    });
    this.draw();
  }

  protected onUpdateRequest(message: Message): void {
    super.onUpdateRequest(message);
    this.draw();
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.look();
  }

  protected onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.look();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.look();
  }

  protected onBeforeDetach(message: Message): void {
    super.onBeforeDetach(message);
    this.runs.see(false);
  }

  protected onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    if (!this.list.focus()) {
      this.empty.focus();
    }
  }

  private look(): void {
    this.runs.see(this.isVisible);
  }

  private draw(): void {
    this.list.update(this.runs.groups);
    show(this.empty, this.list.element.childElementCount === 0);
  }
}

export const sidePanel: JupyterFrontEndPlugin<void> = {
  id: 'dvlwidgets:side-panel',
  description: 'Lists the valuation runs of all kernels beside the work area',
  autoStart: true,
  requires: [IRuns],
  optional: [ITranslator, ILayoutRestorer],
  activate(
    app: JupyterFrontEnd,
    runs: IRuns,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null
  ) {
    const trans = (translator ?? nullTranslator).load('dvlwidgets');
    const panel = new RunsPanel(
      runs,
      trans,
      (command, args) => void app.commands.execute(command, args),
      (group) => void bring(app, runs, group)
    );
    app.shell.add(panel, 'right', { rank: 900, type: 'Valuation Runs' });
    restorer?.add(panel, PANEL_ID);
  },
};
