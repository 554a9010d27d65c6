/** When to ask a kernel for its runs. Pure. */

/** What decides how often. */
export interface Scene {
  /** The page is in sight. */
  readonly page: boolean;
  /** The list of runs is in sight. */
  readonly list: boolean;
  /** A run is running. */
  readonly working: boolean;
  /** A run is paused or was not started yet. */
  readonly waiting: boolean;
  /** A cell is computing: it may start a run that no message tells of. */
  readonly executing: boolean;
  /** A question has no answer yet: another would only stand in the queue. */
  readonly asked: boolean;
}

export const FAST = 1000;
export const SLOW = 4000;
export const IDLE = 20_000;

/**
 * Milliseconds until the next question, or null where none is asked by the clock.
 *
 * A kernel whose runs are over is not asked by the clock: messages that pass by tell when that may have changed
 * (`tellsNews`), and an idle kernel may be culled by its server as if we were not there.
 */
export function nextQuestion(scene: Scene): number | null {
  if (!scene.page || scene.asked) {
    return null;
  }
  if (scene.working) {
    return scene.list ? FAST : SLOW;
  }
  if (scene.executing) {
    return scene.list ? 2 * FAST : SLOW;
  }
  return scene.waiting && scene.list ? IDLE : null;
}

export const FAR = 5000;
export const FAR_SLOW = 30_000;

/** The same for a kernel whose notebook is not open in this window. */
export function nextFarQuestion(scene: Scene): number | null {
  if (!scene.page || scene.asked) {
    return null;
  }
  if (scene.working) {
    return scene.list ? FAR : FAR_SLOW;
  }
  return scene.executing || (scene.waiting && scene.list) ? FAR_SLOW : null;
}

/** What this needs to know of a message that a kernel publishes. */
export interface Passing {
  readonly type: string;
  readonly parentType: string;
  readonly parentId: string;
  readonly content: unknown;
}

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
