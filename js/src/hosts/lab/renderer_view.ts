/**
 * A stored output: the live panel where the kernel still has it, else the panel of the shared copy.
 *
 * The saved panel stands until the live one is really there, so that neither "Loading widget..." nor an error of the
 * widget manager is ever seen; and it comes back when the kernel is gone.
 */

import { MimeModel } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { Kernel } from '@jupyterlab/services';
import type { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';

import { h, setText, show } from '../../dom';
import { passOnSave } from '../../save_key';
import { mountSaved, problemOf } from '../../saved';
import { standBelow, standIn, storedIn, type Stored } from './renderer_copy';
import type { FindHome, Home } from './renderer_home';
import { forgetModels, hasModel } from './renderer_models';
import { WIDGET_VIEW } from './reveal';
import type { Trans } from './words';

/** So long a kernel may think about whether it has the widget, and the widget may take to appear (ms). */
const GRACE = 1500;
/**
 * A notebook that is opened gets its widget manager some time later, and with it another factory; a widget that was made
 * before would wait for ever. So often this is looked for (ms).
 */
const MANAGED = 250;
/** Kept free meanwhile, so that the notebook does not jump (px). */
const ROOM = 600;
const GONE: readonly string[] = ['restarting', 'autorestarting', 'dead', 'terminating'];

interface Live {
  readonly model: string;
  readonly widget: IRenderMime.IRenderer;
  readonly watch: MutationObserver;
  /** Looks for a widget manager until the panel is there. */
  readonly poll: ReturnType<typeof setInterval>;
  /** The panel was seen in it. */
  shown: boolean;
}

export class SnapshotRenderer extends Widget implements IRenderMime.IRenderer {
  private stored: Stored | null = null;
  private live: Live | null = null;
  /** How to take the saved panel away. */
  private saved: (() => void) | null = null;
  private home: Home | null = null;
  private serial = 0;
  private later: ReturnType<typeof setTimeout> | undefined;
  private readonly note = h('p', { class: 'dvl-copy-note', role: 'status', hidden: true });
  private readonly box = h('div', { class: 'dvl-copy' });

  constructor(
    private readonly homes: FindHome,
    private readonly options: IRenderMime.IRendererOptions,
    private readonly trans: Trans
  ) {
    super();
    this.addClass('dvl-snapshot-output');
    this.layout = new PanelLayout();
    this.node.append(this.note, this.box);
    this.box.addEventListener('keydown', (event) => passOnSave(event, this.node), true);
  }

  /** JupyterLab calls again with what it has already whenever the output is written anew: what stands then stays. */
  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const before = this.stored;
    this.stored = storedIn(model.data);
    if (this.saved !== null && before?.contents !== this.stored.contents) {
      this.hideSaved();
      this.showSaved();
    }
    this.check();
    return Promise.resolve();
  }

  dispose(): void {
    if (!this.isDisposed) {
      this.serial += 1;
      clearTimeout(this.later);
      this.follow(null);
      this.dropLive();
      this.hideSaved();
      super.dispose();
    }
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.check();
  }

  /** Shows what is right now: asks the kernel, and does not wait for it for ever. */
  private check(): void {
    if (this.isDisposed || this.stored === null) {
      return;
    }
    this.follow(this.home ?? this.homes(this.node, this.options.resolver));
    if (this.home === null && !this.isAttached) {
      return; // where it stands is seen once it does
    }
    const { model } = this.stored;
    const kernel = this.home?.sessionContext.session?.kernel ?? null;
    const serial = ++this.serial;
    if (model === null || kernel === null || GONE.includes(kernel.status)) {
      this.fallBack();
      return;
    }
    if (this.saved === null && !this.showsLive()) {
      this.wait();
    }
    void hasModel(kernel, model).then((has) => {
      if (serial !== this.serial) {
        return;
      }
      if (has) {
        this.delegate(model);
      } else {
        this.fallBack();
      }
    });
  }

  private follow(home: Home | null): void {
    if (home === this.home) {
      return;
    }
    this.home?.sessionContext.kernelChanged.disconnect(this.onKernel);
    this.home?.sessionContext.statusChanged.disconnect(this.onStatus);
    this.home = home;
    home?.sessionContext.kernelChanged.connect(this.onKernel);
    home?.sessionContext.statusChanged.connect(this.onStatus);
  }

  private readonly onKernel = (): void => {
    this.dropLive();
    this.check();
  };

  private readonly onStatus = (_: unknown, status: Kernel.Status): void => {
    if (GONE.includes(status)) {
      const kernel = this.home?.sessionContext.session?.kernel;
      if (kernel != null) {
        forgetModels(kernel);
      }
      this.serial += 1;
      this.fallBack();
    }
  };

  // --- the live panel -------------------------------------------------------------------------------------------

  private delegate(model: string): void {
    if (this.live?.model === model || this.home === null) {
      return;
    }
    this.dropLive();
    const { rendermime } = this.home;
    const factory = rendermime.getFactory(WIDGET_VIEW);
    const widget = rendermime.createRenderer(WIDGET_VIEW);
    const watch = new MutationObserver(() => this.look());
    const poll = setInterval(() => {
      if (rendermime.getFactory(WIDGET_VIEW) !== factory) {
        this.dropLive();
        this.delegate(model);
      }
    }, MANAGED);
    this.live = { model, widget, watch, poll, shown: false };
    widget.addClass('dvl-live-output');
    widget.hide();
    watch.observe(widget.node, { childList: true, subtree: true });
    (this.layout as PanelLayout).addWidget(widget);
    const data = { [WIDGET_VIEW]: { version_major: 2, version_minor: 0, model_id: model } };
    void widget.renderModel(new MimeModel({ data, trusted: true })).catch(() => {
      if (this.live?.widget === widget) {
        this.fallBack();
      }
    });
    this.say();
  }

  /** The live panel appeared, or it went: its model was closed. */
  private look(): void {
    const { live } = this;
    const here = live?.widget.node.querySelector('[data-dvl-panel]') != null;
    if (live === null || here === live.shown) {
      return;
    }
    if (here) {
      clearInterval(live.poll);
      live.shown = true;
      live.widget.show();
      this.hideSaved();
      this.settle();
    } else {
      const kernel = this.home?.sessionContext.session?.kernel;
      if (kernel != null) {
        forgetModels(kernel);
      }
      this.dropLive();
      this.check();
    }
  }

  private showsLive(): boolean {
    return this.live?.shown === true;
  }

  private dropLive(): void {
    clearInterval(this.live?.poll);
    this.live?.watch.disconnect();
    this.live?.widget.dispose();
    this.live = null;
  }

  // --- the saved panel ------------------------------------------------------------------------------------------

  private wait(): void {
    clearTimeout(this.later);
    this.node.style.minHeight = `${ROOM}px`;
    this.later = setTimeout(() => {
      if (!this.showsLive()) {
        this.showSaved();
      }
    }, GRACE);
  }

  private settle(): void {
    clearTimeout(this.later);
    this.node.style.minHeight = '';
    this.say();
  }

  private fallBack(): void {
    this.dropLive();
    this.showSaved();
  }

  private showSaved(): void {
    if (this.saved === null && this.stored !== null) {
      this.saved = this.mount(this.stored);
    }
    this.settle();
  }

  private mount(stored: Stored): () => void {
    const { box } = this;
    try {
      if (!stored.whole) {
        box.replaceChildren(standIn(stored));
        return () => box.replaceChildren();
      }
      if (stored.payload === null) {
        throw new Error(this.trans.__('Its data were taken out of the notebook.'));
      }
      const unmount = mountSaved(box, stored.payload);
      box.append(standBelow(stored) ?? '');
      return () => {
        unmount();
        box.replaceChildren();
      };
    } catch (error) {
      const words = problemOf(error, this.trans.__('What was stored for readers without it stands below.'));
      box.replaceChildren(h('p', { class: 'dvl-problem', role: 'alert' }, words), standIn(stored));
      return () => box.replaceChildren();
    }
  }

  private hideSaved(): void {
    this.saved?.();
    this.saved = null;
  }

  private say(): void {
    const coming = this.live !== null;
    setText(
      this.note,
      coming
        ? this.trans.__('A saved copy; the live panel comes when the kernel answers.')
        : this.trans.__('A saved copy; run the cell to make it live.')
    );
    show(this.note, this.saved !== null && this.home !== null);
  }
}
