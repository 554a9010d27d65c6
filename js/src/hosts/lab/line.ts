/** The line to a kernel: a comm, and the subshell of our own on which the kernel hears it while a cell computes. */

import { KernelMessage, type Kernel } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';

import { createSubshell, deleteSubshell } from './control';
import { PlainComm, type BareComm } from './plain_comm';

export class Line {
  private isOpen = false;
  /** What is sent before the kernel has handled the opening would be refused there: it waits. */
  private readonly outbox: JSONObject[] = [];

  private constructor(
    private readonly kernel: Kernel.IKernelConnection,
    private readonly target: string,
    readonly comm: BareComm,
    private subshell: string | null,
    /** Whether the user's settings let comms have subshells. */
    readonly mayHaveSubshell: boolean
  ) {}

  /** A line that is not open yet; `subshells`: whether the kernel has any. */
  static async make(
    kernel: Kernel.IKernelConnection,
    target: string,
    subshells: boolean | null
  ): Promise<Line> {
    const [comm, allowed] = newComm(kernel, target);
    const subshell = allowed && subshells === true ? await createSubshell(kernel) : null;
    return new Line(kernel, target, comm, subshell, allowed);
  }

  async open(): Promise<void> {
    await this.post('comm_open', { comm_id: this.comm.commId, target_name: this.target, data: { v: 1 } });
    this.isOpen = true;
    this.flush();
  }

  send(data: JSONObject): void {
    this.outbox.push(data);
    if (this.isOpen) {
      this.flush();
    }
  }

  /** The kernel is gone, and the subshell with it. */
  lose(): void {
    this.subshell = null;
  }

  close(): void {
    this.outbox.length = 0;
    if (this.subshell !== null) {
      deleteSubshell(this.kernel, this.subshell);
      this.subshell = null;
    }
    if (!this.comm.isDisposed) {
      this.comm.dispose();
    }
  }

  private flush(): void {
    for (const data of this.comm.isDisposed ? [] : this.outbox.splice(0)) {
      void this.post('comm_msg', { comm_id: this.comm.commId, data });
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
}

/** A comm, and whether it is to have a subshell of our own. */
function newComm(kernel: Kernel.IKernelConnection, target: string): [BareComm, boolean] {
  if (!kernel.handleComms) {
    return [new PlainComm(kernel), allowsSubshell(kernel.commsOverSubshells)];
  }
  const comm = kernel.createComm(target);
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
