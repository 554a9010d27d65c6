/** What was asked of Python and is not answered: the panel says so after a while. Pure but for its timers. */

import type { Change, Control, Link } from './source';
import { Timers } from './timers';
import type { Unheard } from './unheard';
import type { Status } from './wire';

/** Without an answer for this long (ms) the panel says so. It goes on asking. */
export const SILENT_AFTER = 8000;
/** The same where a copy can be shown in the kernel's place. */
const SILENT_WITH_COPY = 2000;
/** A click that Python shows no sign of for this long (ms): the panel says why. */
export const UNHEARD_AFTER = 2500;

export class Hearing {
  link: Link = 'waiting';
  asked: Control | null = null;
  unheard: Unheard | null = null;
  /** Edits that are not answered. */
  readonly edits = new Set<string>();
  readonly #timers = new Timers();
  readonly #tell: (change: Change) => void;

  constructor(tell: (change: Change) => void) {
    this.#tell = tell;
  }

  /** Something was asked; `copy`: whether there is one to show in the meantime. */
  expect(copy: boolean): void {
    if (!this.#timers.has('silent')) {
      this.#timers.start('silent', copy ? SILENT_WITH_COPY : SILENT_AFTER, () => {
        this.link = 'silent';
        this.#tell('link');
      });
    }
  }

  /** A click was sent that Python must show a sign of. The time runs from the first that it shows none of. */
  watch(): void {
    if (!this.#timers.has('unheard') && this.unheard === null) {
      this.#timers.start('unheard', UNHEARD_AFTER, () => {
        this.unheard = this.asked ?? 'edit';
        this.#tell('link');
      });
    }
  }

  /** Any message shows that the kernel is there. */
  any(): void {
    this.#timers.stop('silent');
    if (this.link !== 'ok') {
      this.link = 'ok';
      this.#tell('link');
    }
  }

  /** An edit was answered, or it is none that was asked for here. */
  edited(request: string | null): void {
    if (this.edits.delete(request ?? '')) {
      this.#again();
    }
  }

  /** Python refuses what was asked: it was heard, and cannot be done. `where`: the button that it is about. */
  refused(request: string | null, where: string | undefined): void {
    this.edits.delete(request ?? '');
    if (where === this.asked) {
      this.asked = null;
    }
    this.#again();
  }

  /** Python tells how the run stands. */
  stands(status: Status): void {
    if (this.asked !== null && hasHeard(status, this.asked)) {
      this.asked = null;
      this.#again();
    }
  }

  /** After an answer: what else was asked is given its own time. */
  #again(): void {
    this.#timers.stop('unheard');
    if (this.asked !== null || this.edits.size > 0) {
      this.unheard = this.unheard === null ? null : (this.asked ?? 'edit');
      this.watch();
    } else if (this.unheard !== null) {
      this.unheard = null;
      this.#tell('link');
    }
  }

  end(): void {
    this.#timers.stopAll();
  }
}

/** Whether a run's status shows that a button's wish arrived: it is noted, or it is fulfilled. */
function hasHeard(status: Status, asked: Control): boolean {
  const over = ['stopped', 'finished', 'failed'].includes(status.state);
  const reached =
    asked === 'pause' ? status.state === 'paused' : asked !== 'stop' && status.state === 'running';
  return over || reached || status.pending !== null;
}
