/** What passes by from a kernel to all who listen: what is news of its runs, and which cells it computes. */

import type { KernelMessage } from '@jupyterlab/services';

/** What there is to know of a message that a kernel publishes. */
export interface Passing {
  readonly type: string;
  readonly parentType: string;
  readonly parentId: string;
  readonly content: unknown;
}

export function passingOf(message: KernelMessage.IIOPubMessage): Passing {
  const parent = message.parent_header as { msg_type?: string; msg_id?: string };
  return {
    type: message.header.msg_type,
    parentType: parent.msg_type ?? '',
    parentId: parent.msg_id ?? '',
    content: message.content,
  };
}

/** Whether a comm of that target is opened. */
export const opens = ({ type, content }: Passing, target: string): boolean =>
  type === 'comm_open' && (content as { target_name?: unknown }).target_name === target;

/** Whether a published message tells that a run may have begun, ended or changed its state. */
export function tellsNews({ type, parentType, content }: Passing): boolean {
  const data = content as Record<string, unknown>;
  if (type === 'status') {
    return parentType === 'execute_request' && data.execution_state === 'idle';
  }
  if (type === 'comm_open' || type === 'comm_close') {
    return type === 'comm_close' || data.target_name === 'jupyter.widget';
  }
  if (type === 'comm_msg') {
    const update = data.data as { method?: unknown; state?: Record<string, unknown> } | undefined;
    return update?.method === 'update' && typeof update.state?.state === 'string';
  }
  return false;
}

/** Which cells a kernel computes just now, from what it publishes; its status alone forgets them when a comm answers. */
export class Executing {
  private readonly cells = new Set<string>();

  /** Returns whether it changed. */
  note({ type, parentType, parentId, content }: Passing): boolean {
    if (parentType !== 'execute_request') {
      return false;
    }
    const before = this.now;
    if (type === 'status' && (content as { execution_state?: unknown }).execution_state === 'idle') {
      this.cells.delete(parentId);
    } else {
      this.cells.add(parentId);
    }
    return this.now !== before;
  }

  get now(): boolean {
    return this.cells.size > 0;
  }

  forget(): void {
    this.cells.clear();
  }
}
