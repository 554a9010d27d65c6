/** A live panel outside its cell: in a tab, or beside the notebook. */

import type { NotebookPanel } from '@jupyterlab/notebook';
import { MimeModel } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';

import { h, setText, show } from '../../dom';
import { runsIcon } from './icons';
import { placeOf, type Shown } from './order';
import { WIDGET_VIEW } from './reveal';
import type { IRuns } from './tokens';
import type { Trans } from './words';

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
  /** The notebook has another name: what is kept with the layout is out of date. */
  readonly moved = new Signal<this, void>(this);
  private mounted: Mounted | null = null;
  private readonly note = h('p', { class: 'dvl-view-note', role: 'status' });

  constructor(
    private what: Shown,
    private readonly runs: IRuns,
    private readonly trans: Trans
  ) {
    super();
    this.addClass('dvl-view');
    this.layout = new PanelLayout();
    this.node.append(this.note);
    this.title.label = what.name;
    this.title.icon = runsIcon;
    this.title.caption = trans.__('%1, a run of %2', what.name, what.path);
    this.title.closable = true;
    runs.changed.connect(this.look);
    this.look();
  }

  get shown(): Shown {
    return this.what;
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
    const place = placeOf(this.shown, this.runs.all);
    if (place !== null && place.group.path !== this.shown.path) {
      this.follow(place.group.path);
    }
    const notebook = this.runs.notebook(this.shown.path);
    const model = place?.run.model ?? null;
    if (notebook !== null && model !== null) {
      this.mount(notebook, model);
    } else if (this.mounted !== null) {
      this.mounted.widget.dispose();
      this.mounted = null;
    }
    setText(this.note, this.mounted === null ? this.why(notebook !== null) : '');
    show(this.note, this.mounted === null);
  };

  private follow(path: string): void {
    this.what = { ...this.what, path };
    this.title.caption = this.trans.__('%1, a run of %2', this.what.name, path);
    this.moved.emit();
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
