/**
 * A stored output: the live panel where the kernel still has it, else the panel of the shared copy.
 *
 * The saved panel stands until the live one is really there, so that neither "Loading widget..." nor an error of the
 * widget manager is ever seen; and it comes back when the kernel is gone.
 */

import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { Kernel } from '@jupyterlab/services';
import type { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';

import { h, setText, show } from '../../dom';
import { passOnSave } from '../../save_key';
import { storedIn, type Stored } from './renderer_copy';
import type { FindHome, Home } from './renderer_home';
import { LiveView } from './renderer_live';
import { forgetModels, hasModel } from './renderer_models';
import { mountStored } from './renderer_saved';
import type { Trans } from './words';

/** So long a kernel may think about whether it has the widget, and the widget may take to appear (ms). */
const GRACE = 1500;
/** Kept free meanwhile, so that the notebook does not jump (px). */
const ROOM = 600;
const GONE: readonly string[] = ['restarting', 'autorestarting', 'dead', 'terminating'];

export class SnapshotRenderer extends Widget implements IRenderMime.IRenderer {
  private stored: Stored | null = null;
  private live: LiveView | null = null;
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
      this.forget();
      this.serial += 1;
      this.fallBack();
    }
  };

  private forget(): void {
    const kernel = this.home?.sessionContext.session?.kernel;
    if (kernel != null) {
      forgetModels(kernel);
    }
  }

  // --- the live panel -------------------------------------------------------------------------------------------

  private delegate(model: string): void {
    if (this.live?.model === model || this.home === null) {
      return;
    }
    this.dropLive();
    const live = (this.live = new LiveView(model, this.home.rendermime, {
      came: () => {
        this.hideSaved();
        this.settle();
      },
      went: () => {
        this.forget();
        this.dropLive();
        this.check();
      },
      outdated: () => {
        this.dropLive();
        this.delegate(model);
      },
      failed: () => this.fallBack(),
    }));
    (this.layout as PanelLayout).addWidget(live.widget);
    live.begin();
    this.say();
  }

  private showsLive(): boolean {
    return this.live?.shown === true;
  }

  private dropLive(): void {
    this.live?.end();
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
      this.saved = mountStored(this.box, this.stored, this.trans);
    }
    this.settle();
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
