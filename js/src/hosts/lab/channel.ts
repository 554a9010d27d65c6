/** The control channel of one kernel: its runs, and the verbs for them. It is opened from here; the kernel only replies. */

import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';
import { Signal, type ISignal } from '@lumino/signaling';

import { Executing, tellsNews, type Passing } from './polling';
import { Requests } from './requests';
import { isRefusal, readMessage, withAsked, type RunInfo, type Verb, type Versions } from './runs';
import { about, holdsComm } from './control';
import { endSubshell, Line } from './line';

export const TARGET = 'dvlwidgets.control';
export const HELLO = 'dvlwidgets.hello';
/** Every target of ours begins so. */
const OURS = 'dvlwidgets.';
/** Messages that pass by come in bursts; one question follows them (ms). */
const BURST = 150;

/** An idle kernel that has not answered for so long will not: ask again (ms). */
const LOST = 30_000;

/** new: it has answered nothing yet. open: it answers. waiting: it has let us wait. */
export type Link = 'new' | 'open' | 'waiting';

export interface Preferences {
  readonly share: string | null;
  readonly rate: number | null;
}

export class Channel {
  link: Link = 'new';
  versions: Versions = { ipykernel: null, dvlwidgets: null };
  leftOut = 0;
  /** null: the kernel has not told. */
  subshells: boolean | null = null;
  /** The kernel said hello or answered: it has dvlwidgets, whether or not it answers now. */
  known = false;
  /** What a click was refused with, until the next one. */
  refusal: string | null = null;
  readonly executing = new Executing();
  /** Done when it is known whether the kernel has dvlwidgets, as far as it tells. */
  readonly looked: Promise<void>;
  private told: readonly RunInfo[] = [];
  private line: Line | null = null;
  /** Number of the attempt to open the comm; `underWay` is the number of the one that goes on, or 0. */
  private attempt = 0;
  private underWay = 0;
  private restarted = false;
  private burst: ReturnType<typeof setTimeout> | undefined;
  private patience: ReturnType<typeof setTimeout> | undefined;
  private readonly requests = new Requests();
  private readonly asked = new Map<string, Verb>();
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

  get runs(): readonly RunInfo[] {
    return withAsked(this.told, this.asked);
  }

  /** Whether the list was asked for and has not come. */
  get isAsked(): boolean {
    return this.line === null || this.requests.isOpen('runs');
  }

  /** Asks for the list, unless that is under way. */
  ask(): void {
    if (this.line !== null && !this.executing.now && this.requests.late(Date.now(), LOST)) {
      this.requests.forget();
    }
    if (!this.isAsked) {
      this.send('runs', null, {});
    }
  }

  control(verb: Verb, run: string): void {
    this.refusal = null;
    if (this.line === null) {
      void this.connect();
    } else {
      this.asked.set(run, verb);
      this.send(verb, run, { run });
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
    this.send('runs', null, {});
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
    clearTimeout(this.patience);
    this.requests.forget();
    this.asked.clear();
    const { line } = this;
    this.line = null;
    line?.close();
  }

  private wish(wishes: Preferences): void {
    if (wishes.share !== null || wishes.rate !== null) {
      this.send('prefer', null, { ...wishes });
    }
  }

  /** Asks the kernel. */
  private send(kind: string, run: string | null, more: JSONObject): void {
    const request = this.requests.ask(kind, run, Date.now());
    this.line?.send({ v: 1, t: kind, request, ...more });
    this.awaitAnswer();
  }

  private received(message: KernelMessage.ICommMsgMsg): void {
    const answer = readMessage(message.content.data);
    const question = answer === null ? null : this.requests.answered(answer.request);
    if (answer === null || question === null) {
      return;
    }
    if (question.run !== null) {
      this.asked.delete(question.run);
    }
    this.known = true;
    if (isRefusal(answer)) {
      this.refusal = answer.message;
    } else if (this.requests.isNews(answer.request)) {
      this.told = answer.runs;
      this.versions = answer.versions;
      this.leftOut = answer.leftOut;
    }
    this.link = this.requests.late(Date.now()) ? 'waiting' : 'open';
    this.awaitAnswer();
    this.tell();
  }

  private awaitAnswer(): void {
    clearTimeout(this.patience);
    const wait = this.requests.untilLate(Date.now());
    if (wait !== null) {
      this.patience = setTimeout(() => {
        this.link = 'waiting';
        this.tell();
      }, wait + 1);
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
    if (!this.kernel.handleComms && isHello(passing)) {
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
      this.requests.forget(); // answers may have been lost with the connection, and the end of a cell
      this.executing.forget();
      this.soon();
    }
  };

  private forgetKernel(): void {
    this.told = [];
    this.leftOut = 0;
    this.known = false;
    this.refusal = null;
    this.link = 'new';
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

const isHello = ({ type, content }: Passing): boolean =>
  type === 'comm_open' && (content as { target_name?: unknown }).target_name === HELLO;

function passingOf(message: KernelMessage.IIOPubMessage): Passing {
  const parent = message.parent_header as { msg_type?: string; msg_id?: string };
  return {
    type: message.header.msg_type,
    parentType: parent.msg_type ?? '',
    parentId: parent.msg_id ?? '',
    content: message.content,
  };
}
