/** A live panel outside its cell: in a tab, or beside the notebook. */

import type { NotebookPanel } from '@jupyterlab/notebook';
import { MimeModel } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';

import { h, setText, show } from '../../dom';
import { runsIcon } from './icons';
import { WIDGET_VIEW } from './reveal';
import type { IRuns, Place } from './tokens';
import type { Trans } from './words';

/** What a view shows; it is kept with the layout of the page. */
export interface Shown {
  readonly path: string;
  readonly name: string;
  readonly run: string;
  readonly where: 'tab' | 'beside';
}

/** Room around the panel (px). */
const PADDING = 8;
/** Below this the view scrolls instead (px). */
const LOWEST = 360;

interface Mounted {
  readonly notebook: NotebookPanel;
  readonly model: string;
  readonly widget: IRenderMime.IRenderer;
}

/** Shows a run's widget through its notebook's renderers, and again when the run has another widget. */
export class LiveView extends Widget {
  private mounted: Mounted | null = null;
  private readonly note = h('p', { class: 'dvl-view-note', role: 'status' });

  constructor(
    readonly shown: Shown,
    private readonly runs: IRuns,
    private readonly trans: Trans
  ) {
    super();
    this.addClass('dvl-view');
    this.layout = new PanelLayout();
    this.node.append(this.note);
    this.title.label = shown.name;
    this.title.icon = runsIcon;
    this.title.caption = trans.__('%1, a run of %2', shown.name, shown.path);
    this.title.closable = true;
    runs.changed.connect(this.look);
    this.look();
  }

  dispose(): void {
    this.runs.changed.disconnect(this.look);
    super.dispose();
  }

  protected onResize(message: Widget.ResizeMessage): void {
    super.onResize(message);
    this.measure();
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.measure();
  }

  private measure(): void {
    const height = Math.max(LOWEST, this.node.clientHeight - 2 * PADDING);
    this.node.style.setProperty('--dvl-height', `${height}px`);
  }

  /** The notebook and the run may come later than the view, go, and come again. */
  private readonly look = (): void => {
    const notebook = this.runs.notebook(this.shown.path);
    const model = this.place()?.run.model ?? null;
    if (notebook !== null && model !== null) {
      this.mount(notebook, model);
    } else if (this.mounted !== null) {
      this.mounted.widget.dispose();
      this.mounted = null;
    }
    setText(this.note, this.mounted === null ? this.why(notebook !== null) : '');
    show(this.note, this.mounted === null);
  };

  private place(): Place | null {
    const here = this.runs.all.filter(({ group }) => group.path === this.shown.path);
    const named = here.filter(({ run }) => run.name === this.shown.name);
    return here.find(({ run }) => run.id === this.shown.run) ?? named.at(-1) ?? null;
  }

  private mount(notebook: NotebookPanel, model: string): void {
    if (this.mounted?.notebook === notebook && this.mounted.model === model) {
      return;
    }
    this.mounted?.widget.dispose();
    const widget = notebook.content.rendermime.createRenderer(WIDGET_VIEW);
    this.mounted = { notebook, model, widget };
    (this.layout as PanelLayout).addWidget(widget);
    const data = { [WIDGET_VIEW]: { version_major: 2, version_minor: 0, model_id: model } };
    void widget.renderModel(new MimeModel({ data, trusted: true }));
    this.measure();
  }

  private why(open: boolean): string {
    return open
      ? this.trans.__(
          'The kernel of %1 has no run "%2" now: run its cell, and it is shown here.',
          this.shown.path,
          this.shown.name
        )
      : this.trans.__(
          'Open the notebook %1, and its run "%2" is shown here.',
          this.shown.path,
          this.shown.name
        );
  }
}
