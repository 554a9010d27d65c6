/** What is asked on a kernel's control channel, which answers while a cell computes. */

import { KernelMessage, type Kernel } from '@jupyterlab/services';

/** What a kernel has not said by then it will not say: ipykernel 6 knows no subshells (ms). */
const PATIENCE = 3000;

/** JEP 91's name for them. */
const FEATURE = 'kernel subshells';

export interface About {
  readonly language: string;
  /** null: the kernel has not told yet. */
  readonly subshells: boolean | null;
}

/**
 * What a kernel says of itself. Soon it is asked on its control channel as well: after a reload of the page, the
 * usual answer stands in the queue behind the cell that computes.
 */
export async function about(kernel: Kernel.IKernelConnection): Promise<About> {
  const info = await Promise.race([
    kernel.info,
    after(PATIENCE / 3).then(() => asked(kernel)),
    after(4 * PATIENCE),
  ]);
  if (info === null) {
    return { language: kernel.name.startsWith('python') ? 'python' : '', subshells: null };
  }
  const features = (info as { supported_features?: string[] }).supported_features ?? [];
  return { language: info.language_info.name, subshells: features.includes(FEATURE) };
}

async function asked(kernel: Kernel.IKernelConnection): Promise<KernelMessage.IInfoReply> {
  const reply = await onControl(kernel, 'kernel_info_request');
  const content = reply?.content as KernelMessage.IInfoReply | undefined;
  return content?.status === 'ok' ? content : new Promise(() => undefined); // the other answer is waited for
}

/**
 * Whether the kernel holds a comm whose target begins with `prefix`. A question that no kernel logs: to open a comm for
 * a target that it does not know would be an error there.
 */
export async function holdsComm(kernel: Kernel.IKernelConnection, prefix: string): Promise<boolean> {
  return Object.values(await commsOf(kernel)).some((comm) => comm.target_name.startsWith(prefix));
}

/** The comms that a kernel holds, by id; none when it does not say. */
export async function commsOf(
  kernel: Kernel.IKernelConnection
): Promise<Readonly<Record<string, { target_name: string }>>> {
  const reply = await Promise.race([onControl(kernel, 'comm_info_request'), after(PATIENCE)]);
  const content = (reply?.content ?? (await listed(kernel))) as Partial<KernelMessage.ICommInfoReply> | null;
  return content?.status === 'ok' ? (content.comms ?? {}) : {};
}

async function listed(kernel: Kernel.IKernelConnection): Promise<object | null> {
  try {
    return (await kernel.requestCommInfo({})).content;
  } catch {
    return null;
  }
}

/** A subshell of our own, so that the kernel hears us while a cell computes: its id; null where the kernel makes none. */
export async function createSubshell(kernel: Kernel.IKernelConnection): Promise<string | null> {
  const reply = await Promise.race([onControl(kernel, 'create_subshell_request'), after(PATIENCE)]);
  const id = (reply?.content as { subshell_id?: unknown } | undefined)?.subshell_id;
  return typeof id === 'string' ? id : null;
}

/** Ends it; a kernel that is gone has ended it already. */
export function deleteSubshell(kernel: Kernel.IKernelConnection, id: string): void {
  if (!kernel.isDisposed && kernel.status !== 'dead' && kernel.connectionStatus === 'connected') {
    void onControl(kernel, 'delete_subshell_request', { subshell_id: id });
  }
}

async function onControl(
  kernel: Kernel.IKernelConnection,
  msgType:
    'kernel_info_request' | 'comm_info_request' | 'create_subshell_request' | 'delete_subshell_request',
  content: Record<string, string> = {}
): Promise<KernelMessage.IControlMessage | null | undefined> {
  try {
    // the types know the first two on the shell channel only; the protocol has them on both
    const message = KernelMessage.createMessage({
      msgType: msgType as 'create_subshell_request',
      channel: 'control',
      username: kernel.username,
      session: kernel.clientId,
      content,
    });
    return await kernel.sendControlMessage(message, true).done;
  } catch {
    return null; // the connection was closed meanwhile, or the kernel restarted
  }
}

function after(ms: number): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), ms));
}
