/** What was asked of a kernel and what it answered: its runs, what was clicked, and whether it lets us wait. */

import type { JSONObject } from '@lumino/coreutils';

import { Requests } from './requests';
import { isRefusal, readMessage, withAsked, type RunInfo, type Verb, type Versions } from './runs';

/** A kernel that has not answered for so long will not, unless it computes (ms). */
const LOST = 30_000;

/** new: it has answered nothing yet. open: it answers. waiting: it has let us wait. */
export type Link = 'new' | 'open' | 'waiting';

export class Talk {
  link: Link = 'new';
  versions: Versions = { ipykernel: null, dvlwidgets: null };
  leftOut = 0;
  /** What a click was refused with, until the next one. */
  refusal: string | null = null;
  private told: readonly RunInfo[] = [];
  private patience: ReturnType<typeof setTimeout> | undefined;
  private readonly requests = new Requests();
  private readonly clicked = new Map<string, Verb>();

  /** `changed` is called when the kernel begins to let us wait. */
  constructor(private readonly changed: () => void) {}

  get runs(): readonly RunInfo[] {
    return withAsked(this.told, this.clicked);
  }

  /** Whether the list was asked for and has not come. */
  get isAsked(): boolean {
    return this.requests.isOpen('runs');
  }

  get isLost(): boolean {
    return this.requests.late(Date.now(), LOST);
  }

  /** The message that asks the kernel. */
  ask(kind: string, run: string | null, more: JSONObject): JSONObject {
    const request = this.requests.ask(kind, run, Date.now());
    this.wait();
    return { v: 1, t: kind, request, ...more };
  }

  /** The message for a click, which is shown at once. */
  click(verb: Verb, run: string): JSONObject {
    this.clicked.set(run, verb);
    return this.ask(verb, run, { run });
  }

  /** Takes a message of the kernel; whether it answers a question of ours. */
  hear(data: unknown): boolean {
    const answer = readMessage(data);
    const question = answer === null ? null : this.requests.answered(answer.request);
    if (answer === null || question === null) {
      return false;
    }
    if (question.run !== null) {
      this.clicked.delete(question.run);
    }
    if (isRefusal(answer)) {
      this.refusal = answer.message;
    } else if (this.requests.isNews(answer.request)) {
      this.told = answer.runs;
      this.versions = answer.versions;
      this.leftOut = answer.leftOut;
    }
    this.link = this.requests.late(Date.now()) ? 'waiting' : 'open';
    this.wait();
    return true;
  }

  /** Nothing that was asked will be answered: what was clicked may be clicked again. */
  drop(): void {
    clearTimeout(this.patience);
    this.requests.forget();
    this.clicked.clear();
  }

  /** The kernel is another one, or has no runs any more. */
  forget(): void {
    this.drop();
    this.told = [];
    this.leftOut = 0;
    this.refusal = null;
    this.link = 'new';
  }

  private wait(): void {
    clearTimeout(this.patience);
    const wait = this.requests.untilLate(Date.now());
    if (wait !== null) {
      this.patience = setTimeout(() => {
        this.link = 'waiting';
        this.changed();
      }, wait + 1);
    }
  }
}
