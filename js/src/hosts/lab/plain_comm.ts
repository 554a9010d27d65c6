/**
 * A comm on a connection that does not handle comms. A second connection that did would answer for the widgets of a
 * notebook that is opened later, and break them; this one only reads what passes by.
 */

import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { UUID } from '@lumino/coreutils';

/** What the control channel needs of a comm. */
export type BareComm = Pick<Kernel.IComm, 'commId' | 'isDisposed' | 'onMsg' | 'onClose' | 'dispose'>;

export class PlainComm implements BareComm {
  readonly commId = UUID.uuid4();
  onMsg: Kernel.IComm['onMsg'] = () => undefined;
  onClose: Kernel.IComm['onClose'] = () => undefined;
  private disposed = false;

  constructor(private readonly kernel: Kernel.IKernelConnection) {
    kernel.iopubMessage.connect(this.passing);
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  dispose(): void {
    this.disposed = true;
    this.kernel.iopubMessage.disconnect(this.passing);
  }

  private readonly passing = (_: Kernel.IKernelConnection, message: KernelMessage.IIOPubMessage): void => {
    const { msg_type: type } = message.header;
    if ((message.content as { comm_id?: unknown }).comm_id !== this.commId) {
      return;
    }
    if (type === 'comm_msg') {
      void this.onMsg(message as KernelMessage.ICommMsgMsg);
    } else if (type === 'comm_close') {
      this.dispose();
      void this.onClose(message as KernelMessage.ICommCloseMsg);
    }
  };
}
