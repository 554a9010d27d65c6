/**
 * A panel that still waits for its kernel shows two made-up points in another that is nowhere on the page: what the
 * browser does for the first time takes it twice as long, and then the first paint need not.
 */

import { LiveModel } from './model';

const ROWS = 2;
const ARRAYS = { f4: 4, u4: 4, u2: 2, u1: 1 };
const BUFFERS = Object.values(ARRAYS).map((size) => new DataView(new ArrayBuffer(size * ROWS)));
const zeros = (d: keyof typeof ARRAYS) => ({ b: Object.keys(ARRAYS).indexOf(d), d, n: ROWS });

const MADE_UP = {
  v: 1,
  t: 'full',
  seq: 1,
  n: ROWS,
  title: '',
  method: '',
  status: {
    state: 'running',
    pending: null,
    done: 1,
    total: 2,
    unit: '',
    seconds: 1,
    left: 1,
    certainty: 0.5,
    target: 1,
    completion: 0.5,
    reason: '',
    failures: 0,
    warnings: 0,
    failure: null,
    announcement: '',
    error: null,
    threshold: 0,
    unit_of_value: '',
  },
  history: [],
  value: zeros('f4'),
  stderr: zeros('f4'),
  count: zeros('u4'),
  converged: zeros('u1'),
  label: { kind: 'class', classes: ['a', 'b'], codes: zeros('u2'), original: zeros('u2') },
  dropped: zeros('u1'),
  ids: null,
  group: null,
  features: [{ name: 'x', values: zeros('f4') }],
  features_left_out: 0,
  preview: { kind: 'none' },
  edits: { count: 0, relabelled: 0, dropped: 0, undo: false, redo: false, path: '', saved: true },
  share: '',
};

let over = false;

/**
 * Once in a page, when the browser has nothing to do, and only while `waiting` does wait. `play` mounts the other panel
 * and returns how to take it away.
 */
export function rehearse(waiting: LiveModel, play: (madeUp: LiveModel) => () => void): void {
  const begin = (): void => {
    if (over) {
      return;
    }
    over = true;
    if (waiting.points === null) {
      perform(waiting, play);
    }
  };
  if (typeof requestIdleCallback === 'undefined') {
    setTimeout(begin); // Safari has none
  } else {
    requestIdleCallback(begin);
  }
}

/** For two frames, unless the real points come before: the third would be of a panel that the browser knows is out of sight. */
function perform(waiting: LiveModel, play: (madeUp: LiveModel) => () => void): void {
  const madeUp = new LiveModel({
    get: () => null,
    send: () => undefined,
    on(event, hear) {
      if (event === 'msg:custom') {
        (hear as (...said: unknown[]) => void)(MADE_UP, BUFFERS);
      }
    },
    off: () => undefined,
  });
  const leave = play(madeUp);
  const end = (): void => {
    stop();
    leave();
    madeUp.dispose();
  };
  const stop = waiting.subscribe(end);
  requestAnimationFrame(() => requestAnimationFrame(end));
}
