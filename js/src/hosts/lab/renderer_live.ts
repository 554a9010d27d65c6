/** The notebook's own view of a widget, out of sight until the panel is in it. */

import { MimeModel, type IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';

import { WIDGET_VIEW } from './reveal';

/**
 * A notebook that is opened gets its widget manager some time later, and with it another factory; a widget that was made
 * before would wait for ever. So often this is looked for (ms).
 */
const MANAGED = 250;

export interface Heard {
  /** The panel appeared. */
  came(): void;
  /** It went: its model was closed. */
  went(): void;
  /** A widget manager came: only another view will show the widget. */
  outdated(): void;
  failed(): void;
}

export class LiveView {
  readonly widget: IRenderMime.IRenderer;
  /** The panel was seen in it. */
  shown = false;
  private readonly watch = new MutationObserver(() => this.look());
  /** Looks for a widget manager until the panel is there. */
  private readonly poll: ReturnType<typeof setInterval>;
  private ended = false;

  constructor(
    readonly model: string,
    rendermime: IRenderMimeRegistry,
    private readonly heard: Heard
  ) {
    const factory = rendermime.getFactory(WIDGET_VIEW);
    this.widget = rendermime.createRenderer(WIDGET_VIEW);
    this.widget.addClass('dvl-live-output');
    this.widget.hide();
    this.watch.observe(this.widget.node, { childList: true, subtree: true });
    this.poll = setInterval(() => {
      if (rendermime.getFactory(WIDGET_VIEW) !== factory) {
        heard.outdated();
      }
    }, MANAGED);
  }

  /** Once it stands in the output. */
  begin(): void {
    const data = { [WIDGET_VIEW]: { version_major: 2, version_minor: 0, model_id: this.model } };
    void this.widget.renderModel(new MimeModel({ data, trusted: true })).catch(() => {
      if (!this.ended) {
        this.heard.failed();
      }
    });
  }

  end(): void {
    this.ended = true;
    clearInterval(this.poll);
    this.watch.disconnect();
    this.widget.dispose();
  }

  private look(): void {
    const here = this.widget.node.querySelector('[data-dvl-panel]') !== null;
    if (here === this.shown) {
      return;
    }
    if (here) {
      clearInterval(this.poll);
      this.shown = true;
      this.widget.show();
      this.heard.came();
    } else {
      this.heard.went();
    }
  }
}
