/** The control channel of one kernel: its runs, and the verbs for them. It is opened from here; the kernel only replies. */

import { KernelMessage, type Kernel } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';
import { Signal, type ISignal } from '@lumino/signaling';

import { Executing, tellsNews, type Passing } from './polling';
import { Requests } from './requests';
import { isRefusal, readMessage, withAsked, type RunInfo, type Verb, type Versions } from './runs';
import { about, createSubshell, deleteSubshell, holdsComm } from './control';
import { PlainComm, type BareComm } from './plain_comm';

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
  private comm: BareComm | null = null;
  private subshell: string | null = null;
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
  private isOpen = false;
  private readonly outbox: JSONObject[] = [];

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
    return this.comm === null || this.requests.isOpen('runs');
  }

  /** Asks for the list, unless that is under way. */
  ask(): void {
    if (this.comm !== null && !this.executing.now && this.requests.late(Date.now(), LOST)) {
      this.requests.forget();
    }
    if (!this.isAsked) {
      this.send('runs', null, {});
    }
  }

  control(verb: Verb, run: string): void {
    this.refusal = null;
    if (this.comm === null) {
      void this.connect();
    } else {
      this.asked.set(run, verb);
      this.send(verb, run, { run });
    }
    this.tell();
  }

  prefer(chosen: Preferences, changed: Preferences): void {
    this.chosen = chosen;
    if (this.comm !== null) {
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
    if (this.underWay > 0 || this.comm !== null || this.disposed) {
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
    const [comm, wanted] = newComm(this.kernel);
    const subshell = wanted && subshells === true ? await createSubshell(this.kernel) : null;
    if (stale()) {
      this.drop(comm, subshell);
      return;
    }
    this.comm = comm;
    this.subshell = subshell;
    this.subshells = wanted ? subshells : false;
    comm.onMsg = (message) => this.received(message);
    comm.onClose = () => this.closed(comm);
    this.wish(this.chosen);
    this.send('runs', null, {});
    await this.post('comm_open', { comm_id: comm.commId, target_name: TARGET, data: { v: 1 } });
    this.flush(comm);
  }

  /** A method, as the answer may be another after an `await`. */
  private isGreeted(): boolean {
    return this.known;
  }

  /** The kernel closed the comm, or did not know its target. */
  private closed(comm: BareComm): void {
    if (this.comm === comm) {
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
    this.outbox.length = 0;
    this.isOpen = false;
    const { comm, subshell } = this;
    this.comm = this.subshell = null;
    this.drop(comm, subshell);
  }

  private drop(comm: BareComm | null, subshell: string | null): void {
    if (subshell !== null) {
      deleteSubshell(this.kernel, subshell);
    }
    if (comm !== null && !comm.isDisposed) {
      comm.dispose();
    }
  }

  private wish(wishes: Preferences): void {
    if (wishes.share !== null || wishes.rate !== null) {
      this.send('prefer', null, { ...wishes });
    }
  }

  /** Asks the kernel; what is asked before the comm is open is sent then. */
  private send(kind: string, run: string | null, more: JSONObject): void {
    const request = this.requests.ask(kind, run, Date.now());
    this.outbox.push({ v: 1, t: kind, request, ...more });
    if (this.isOpen) {
      this.flush(this.comm);
    }
    this.awaitAnswer();
  }

  private flush(comm: BareComm | null): void {
    if (comm !== null && this.comm === comm && !comm.isDisposed) {
      this.isOpen = true;
      this.outbox.splice(0).forEach((data) => void this.post('comm_msg', { comm_id: comm.commId, data }));
    }
  }

  /** Sends on our subshell; the comm itself would only do so on one that it made. Done when the kernel has handled it. */
  private async post(msgType: 'comm_open' | 'comm_msg', content: JSONObject): Promise<void> {
    if (this.kernel.isDisposed || this.kernel.status === 'dead') {
      return;
    }
    const message = KernelMessage.createMessage<KernelMessage.ICommMsgMsg<'shell'>>({
      msgType: msgType as 'comm_msg', // the two differ in their content only
      channel: 'shell',
      username: this.kernel.username,
      session: this.kernel.clientId,
      subshellId: this.subshell,
      content: content as unknown as KernelMessage.ICommMsgMsg<'shell'>['content'],
    });
    try {
      await this.kernel.sendShellMessage(message, false, true).done;
    } catch {
      // the kernel restarted, or the connection is gone: the status tells
    }
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
    if (this.comm === null) {
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
    if (this.comm !== null && this.known && tellsNews(passing)) {
      this.soon();
    }
  };

  private readonly statusChanged = (_: Kernel.IKernelConnection, status: Kernel.Status): void => {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') {
      this.subshell = null; // it is gone with the kernel
      this.executing.forget();
      this.close();
      this.forgetKernel();
      this.restarted = true;
    } else if (this.restarted && status === 'idle') {
      void this.connect();
    }
  };

  private readonly connectionChanged = (_: Kernel.IKernelConnection, status: string): void => {
    if (status === 'connected' && this.comm !== null) {
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

/** The comm of the channel, and whether it is to have a subshell of our own. */
function newComm(kernel: Kernel.IKernelConnection): [BareComm, boolean] {
  if (!kernel.handleComms) {
    return [new PlainComm(kernel), allowsSubshell(kernel.commsOverSubshells)];
  }
  const comm = kernel.createComm(TARGET);
  return [comm, ownSubshell(comm)];
}

/** Absent before JupyterLab 4.4; "disabled" is the user's wish, in the settings of kernels. */
const allowsSubshell = (setting: string | undefined): boolean =>
  setting !== undefined && setting !== 'disabled';

/** Nothing will be sent on the comm of a hello, so it needs no subshell; one that begins can only be ended when it is there. */
export function endSubshell(comm: Kernel.IComm): void {
  const { subshellStarted } = comm as { subshellStarted?: Promise<void> };
  void subshellStarted?.then(
    () => ownSubshell(comm),
    () => undefined
  );
}

/** Keeps a comm from making a subshell; returns whether we may make one instead. */
function ownSubshell(comm: Kernel.IComm): boolean {
  if (!allowsSubshell(comm.commsOverSubshells)) {
    return false;
  }
  // JupyterLab's own waits for the kernel's main shell, and so for the cell that computes
  comm.commsOverSubshells = 'disabled' as unknown as typeof comm.commsOverSubshells;
  return true;
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
