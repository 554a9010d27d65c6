/** The control channel of one kernel: its runs, and the verbs for them. It is opened from here; the kernel only replies. */

import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { Signal, type ISignal } from '@lumino/signaling';

import { about, holdsComm } from './control';
import { endSubshell, Line } from './line';
import { Executing, opens, passingOf, tellsNews } from './passing';
import type { Verb } from './runs';
import { Talk } from './talk';

export const TARGET = 'dvlwidgets.control';
export const HELLO = 'dvlwidgets.hello';
/** Every target of ours begins so. */
const OURS = 'dvlwidgets.';
/** Messages that pass by come in bursts; one question follows them (ms). */
const BURST = 150;

export interface Preferences {
  readonly share: string | null;
  readonly rate: number | null;
}

export class Channel {
  readonly talk = new Talk(() => this.tell());
  /** null: the kernel has not told. */
  subshells: boolean | null = null;
  /** The kernel said hello or answered: it has dvlwidgets, whether or not it answers now. */
  known = false;
  readonly executing = new Executing();
  /** Done when it is known whether the kernel has dvlwidgets, as far as it tells. */
  readonly looked: Promise<void>;
  private line: Line | null = null;
  /** Number of the attempt to open the comm; `underWay` is the number of the one that goes on, or 0. */
  private attempt = 0;
  private underWay = 0;
  private restarted = false;
  private burst: ReturnType<typeof setTimeout> | undefined;
  private readonly news = new Signal<this, void>(this);
  private disposed = false;

  constructor(
    readonly kernel: Kernel.IKernelConnection,
    private chosen: Preferences
  ) {
    kernel.registerCommTarget(HELLO, this.hello);
    kernel.iopubMessage.connect(this.passing);
    kernel.statusChanged.connect(this.statusChanged);
    kernel.connectionStatusChanged.connect(this.connectionChanged);
    this.looked = this.connect();
  }

  get changed(): ISignal<this, void> {
    return this.news;
  }

  /** Whether the list was asked for and has not come. */
  get isAsked(): boolean {
    return this.line === null || this.talk.isAsked;
  }

  /** Asks for the list, unless that is under way. */
  ask(): void {
    if (this.line !== null && !this.executing.now && this.talk.isLost) {
      this.talk.drop();
    }
    if (!this.isAsked) {
      this.list();
    }
  }

  control(verb: Verb, run: string): void {
    this.talk.refusal = null;
    if (this.line === null) {
      void this.connect();
    } else {
      this.line.send(this.talk.click(verb, run));
    }
    this.tell();
  }

  prefer(chosen: Preferences, changed: Preferences): void {
    this.chosen = chosen;
    if (this.line !== null) {
      this.wish(changed);
    }
  }

  dispose(): void {
    this.disposed = true;
    this.close();
    if (!this.kernel.isDisposed) {
      this.kernel.removeCommTarget(HELLO, this.hello);
      this.kernel.iopubMessage.disconnect(this.passing);
      this.kernel.statusChanged.disconnect(this.statusChanged);
      this.kernel.connectionStatusChanged.disconnect(this.connectionChanged);
    }
    Signal.clearData(this);
  }

  // --- the comm ---------------------------------------------------------------------------------------------

  /** Opens the comm, once: every question to the kernel makes it busy and idle again. */
  private async connect(): Promise<void> {
    if (this.underWay > 0 || this.line !== null || this.disposed) {
      return;
    }
    const attempt = (this.underWay = ++this.attempt);
    this.restarted = false;
    try {
      await this.open(() => attempt !== this.underWay || this.kernel.isDisposed);
    } finally {
      if (this.underWay === attempt) {
        this.underWay = 0;
      }
    }
  }

  private async open(stale: () => boolean): Promise<void> {
    const { language, subshells } = await about(this.kernel);
    if (stale() || language !== 'python') {
      return;
    }
    // a kernel without the package is left alone; should it be imported later, it says hello
    if (!this.known && !(await holdsComm(this.kernel, OURS)) && !this.isGreeted()) {
      return;
    }
    if (stale()) {
      return;
    }
    this.known = true;
    const line = await Line.make(this.kernel, TARGET, subshells);
    if (stale()) {
      line.close();
      return;
    }
    this.line = line;
    this.subshells = line.mayHaveSubshell ? subshells : false;
    line.comm.onMsg = (message) => this.received(message);
    line.comm.onClose = () => this.closed(line);
    this.wish(this.chosen);
    this.list();
    await line.open();
  }

  /** A method, as the answer may be another after an `await`. */
  private isGreeted(): boolean {
    return this.known;
  }

  /** The kernel closed the comm, or did not know its target. */
  private closed(line: Line): void {
    if (this.line === line) {
      this.close();
      this.forgetKernel();
    }
  }

  private close(): void {
    this.underWay = 0;
    clearTimeout(this.burst);
    this.talk.drop();
    const { line } = this;
    this.line = null;
    line?.close();
  }

  private wish(wishes: Preferences): void {
    if (wishes.share !== null || wishes.rate !== null) {
      this.line?.send(this.talk.ask('prefer', null, { ...wishes }));
    }
  }

  private list(): void {
    this.line?.send(this.talk.ask('runs', null, {}));
  }

  private received(message: KernelMessage.ICommMsgMsg): void {
    if (this.talk.hear(message.content.data)) {
      this.known = true;
      this.tell();
    }
  }

  // --- what the kernel shows of itself ----------------------------------------------------------------------

  private readonly hello = (comm: Kernel.IComm): void => {
    endSubshell(comm);
    this.greeted();
  };

  private greeted(): void {
    this.known = true;
    if (this.line === null) {
      void this.connect();
    } else {
      this.soon();
    }
  }

  private readonly passing = (_: Kernel.IKernelConnection, message: KernelMessage.IIOPubMessage): void => {
    const passing = passingOf(message);
    if (this.executing.note(passing) && this.known) {
      this.tell();
    }
    if (!this.kernel.handleComms && opens(passing, HELLO)) {
      this.greeted(); // nobody calls `hello` there
    }
    if (this.line !== null && this.known && tellsNews(passing)) {
      this.soon();
    }
  };

  private readonly statusChanged = (_: Kernel.IKernelConnection, status: Kernel.Status): void => {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') {
      this.line?.lose();
      this.executing.forget();
      this.close();
      this.forgetKernel();
      this.restarted = true;
    } else if (this.restarted && status === 'idle') {
      void this.connect();
    }
  };

  private readonly connectionChanged = (_: Kernel.IKernelConnection, status: string): void => {
    if (status === 'connected' && this.line !== null) {
      this.talk.drop(); // answers may have been lost with the connection, and the end of a cell
      this.executing.forget();
      this.soon();
    }
  };

  private forgetKernel(): void {
    this.talk.forget();
    this.known = false;
    this.tell();
  }

  private soon(): void {
    clearTimeout(this.burst);
    this.burst = setTimeout(() => this.ask(), BURST);
  }

  private tell(): void {
    if (!this.disposed) {
      this.news.emit();
    }
  }
}
