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
