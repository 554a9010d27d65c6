/** The only file that sees a comm: keeps the points of one anywidget model, and speaks for all its views. */

import type { ViewMemory } from './memory';
import { applyDelta, applyEdits, fromFull, type Points } from './points';
import { Previews } from './previews';
import type { Change, Control, Link, Preview } from './source';
import { shown } from './shown';
import { guarded } from './parts/guarded';
import type { PartMessage, PartSource } from './parts/part';
import { kernelFacts, type KernelFacts, type Unheard } from './unheard';
import {
  decode,
  type Buffer,
  type Command,
  type EditsMessage,
  type LabelChoice,
  type Message,
  type Status,
} from './wire';

/** The part of an anywidget model that is used here. */
export interface Comm {
  get(name: string): unknown;
  send(content: unknown): void;
  on(event: string, callback: (...args: never[]) => void): void;
  off(event: string, callback: (...args: never[]) => void): void;
}

/** Without an answer for this long the panel says so. It goes on asking. */
export const SILENT_AFTER = 8000;
/** The same where a copy can be shown in the kernel's place. */
const SILENT_WITH_COPY = 2000;
/** A click that Python shows no sign of for this long: the panel says why. */
export const UNHEARD_AFTER = 2500;
const ASK_AGAIN = 3000;
/** Answers for who asked: another view has no use for them, and some are large. */
const ANSWER = /^(file|export|log|show|audio|members|map|columns .+)$/;
const HIDDEN_ACK = 1000;

export class LiveModel implements PartSource {
  readonly live = true;
  points: Points | null = null;
  link: Link = 'waiting';
  asked: Control | null = null;
  unheard: Unheard | null = null;
  problem: string | null = null;
  memory: ViewMemory | null = null;
  private readonly listeners = new Set<(change: Change) => void>();
  protected readonly previews = new Previews();
  private readonly requests = new Set<string>();
  private readonly hearers = new Map<string, Set<(message: PartMessage) => void>>();
  private readonly said = new Map<string, PartMessage>();
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly name = Math.random().toString(36).slice(2, 8);
  private serial = 0;
  private unacked: number | null = null;

  constructor(private readonly comm: Comm) {
    comm.on('msg:custom', this.receive);
    comm.on('comm_live_update', this.hello);
    this.hello();
  }

  dispose(): void {
    this.comm.off('msg:custom', this.receive);
    this.comm.off('comm_live_update', this.hello);
    this.timers.forEach((timer) => clearTimeout(timer));
    this.timers.clear();
    this.listeners.clear();
    this.hearers.clear();
    this.said.clear();
    this.previews.clear();
    this.unacked = null;
  }

  get title(): string {
    const given = this.comm.get('title');
    return this.points?.title ?? (typeof given === 'string' ? shown(given) : '');
  }

  get height(): number {
    return Number(this.comm.get('height')) || 600;
  }

  get page(): string {
    const given = this.comm.get('page');
    return typeof given === 'string' ? given : '';
  }

  get kernel(): KernelFacts | null {
    return kernelFacts(this.comm.get('kernel'));
  }

  get unsaved(): number {
    return this.requests.size;
  }

  subscribe(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  preview(row: number): Preview | undefined {
    return this.previews.get(row);
  }

  wantPreviews(rows: readonly number[]): void {
    for (const some of this.previews.missing(rows)) {
      this.send({ t: 'previews', request: this.request(), rows: some });
    }
  }

  control(verb: Control): void {
    this.asked = verb;
    this.send({ t: verb });
    this.expectAnswer();
    this.watchForHearing();
    this.tell('status');
  }

  relabel(rows: readonly number[], choice: LabelChoice): void {
    this.edit((request) => ({ t: 'relabel', request, rows: [...rows], ...choice }));
  }

  drop(rows: readonly number[], dropped: boolean): void {
    this.edit((request) => ({ t: 'drop', request, rows: [...rows], dropped }));
  }

  undo(): void {
    this.edit((request) => ({ t: 'undo', request }));
  }

  redo(): void {
    this.edit((request) => ({ t: 'redo', request }));
  }

  editBy(command: Readonly<Record<string, unknown>> & { readonly t: string }): void {
    this.edit((request) => ({ ...command, request }));
  }

  ask(part: string, body: Readonly<Record<string, unknown>>): string {
    const request = this.request();
    const command: { t: string } = { ...body, t: 'part', ...{ part, request } };
    this.send(command);
    this.expectAnswer();
    return request;
  }

  hear(part: string, listener: (message: PartMessage) => void): () => void {
    const listeners = this.hearers.get(part) ?? new Set();
    this.hearers.set(part, listeners.add(listener));
    for (const message of this.said.values()) {
      if (message.part === part) {
        listener(message);
      }
    }
    return () => listeners.delete(listener);
  }

  dismiss(): void {
    this.problem = null;
    this.tell('link');
  }

  private edit(command: (request: string) => Command | { t: string }): void {
    const request = this.request();
    this.requests.add(request);
    this.send(command(request));
    this.expectAnswer();
    this.watchForHearing();
    this.tell('edits');
  }

  protected request(): string {
    this.serial += 1;
    return `${this.name}-${this.serial}`;
  }

  protected send(command: Command | { t: string }): void {
    try {
      this.comm.send(command);
    } catch (error) {
      this.complain(`The kernel could not be reached: ${String(error)}`);
    }
  }

  /** Says which frame is held; Python answers with a full one. Asked again until it does. */
  private readonly hello = (): void => {
    this.send({ t: 'hello', have: this.points?.seq ?? -1 });
    this.later('hello', ASK_AGAIN, this.hello);
    this.expectAnswer();
  };

  private expectAnswer(): void {
    if (!this.timers.has('silent')) {
      this.later('silent', this.page ? SILENT_WITH_COPY : SILENT_AFTER, () => {
        this.link = 'silent';
        this.tell('link');
      });
    }
  }

  /** From the first thing that was asked and is not answered. */
  private watchForHearing(): void {
    if (!this.timers.has('unheard') && this.unheard === null) {
      this.later('unheard', UNHEARD_AFTER, () => {
        this.unheard = this.asked ?? 'edit';
        this.tell('link');
      });
    }
  }

  /** After an answer: what else was asked is given its own time. */
  private heardWhat(): void {
    this.stop('unheard');
    if (this.asked !== null || this.requests.size > 0) {
      this.unheard = this.unheard === null ? null : (this.asked ?? 'edit');
      this.watchForHearing();
    } else if (this.unheard !== null) {
      this.unheard = null;
      this.tell('link');
    }
  }

  private readonly receive = (content: unknown, buffers: readonly Buffer[] = []): void => {
    guarded(this, () => this.apply(this.read(content, buffers)));
  };

  protected read(content: unknown, buffers: readonly Buffer[]): Message {
    return decode(content, buffers);
  }

  protected apply(message: Message): void {
    this.heard();
    switch (message.t) {
      case 'full':
        this.stop('hello');
        if (this.points !== null && this.points.n !== message.n) {
          this.previews.clear();
        }
        this.points = fromFull(message, this.points);
        this.confirm(message.seq);
        this.tell('values');
        break;
      case 'delta':
        if (this.points !== null && applyDelta(this.points, message)) {
          this.confirm(message.seq);
          this.tell('values');
        } else if (!this.timers.has('hello')) {
          this.hello();
        }
        break;
      case 'status':
        if (this.points !== null) {
          this.points.status = message.status;
        }
        break;
      case 'edits':
        if (this.requests.delete(message.request ?? '')) {
          this.heardWhat();
        }
        if (!this.takeEdits(message)) {
          this.hello();
        }
        this.tell('edits');
        break;
      case 'previews':
        this.previews.keep(message);
        this.tell('previews');
        break;
      case 'part':
        if (!ANSWER.test(message.kind)) {
          this.said.set(`${message.part} ${message.kind}`, message);
        }
        this.hearers.get(message.part)?.forEach((listener) => listener(message));
        break;
      case 'error':
        this.requests.delete(message.request ?? '');
        if (message.where === this.asked) {
          this.asked = null; // it was heard, and cannot be done
        }
        this.heardWhat();
        this.complain(message.message);
        this.tell('edits');
        break;
    }
    if ('status' in message) {
      if (this.asked !== null && hasHeard(message.status, this.asked)) {
        this.asked = null;
        this.heardWhat();
      }
      this.tell('status');
    }
  }

  /** False when they do not fit the points that they are of. */
  protected takeEdits(message: EditsMessage): boolean {
    return this.points === null || applyEdits(this.points, message);
  }

  /** Any message shows that the kernel is there. */
  protected heard(): void {
    this.stop('silent');
    if (this.link !== 'ok') {
      this.link = 'ok';
      this.tell('link');
    }
  }

  /** Acknowledges the newest frame once it is painted; a hidden page does not paint: it answers once a second. */
  private confirm(seq: number): void {
    const scheduled = this.unacked !== null;
    this.unacked = seq;
    if (!scheduled) {
      this.later('ack', HIDDEN_ACK, this.ack);
      requestAnimationFrame(this.ack);
    }
  }

  private readonly ack = (): void => {
    this.stop('ack');
    if (this.unacked !== null) {
      this.send({ t: 'ack', seq: this.unacked });
      this.unacked = null;
    }
  };

  complain(sentence: string): void {
    this.problem = sentence;
    this.tell('link');
  }

  tell(change: Change): void {
    this.listeners.forEach((listener) => listener(change));
  }

  private later(name: string, ms: number, action: () => void): void {
    this.stop(name);
    this.timers.set(
      name,
      setTimeout(() => {
        this.timers.delete(name);
        action();
      }, ms)
    );
  }

  private stop(name: string): void {
    clearTimeout(this.timers.get(name));
    this.timers.delete(name);
  }
}

/** Whether a run's status shows that a button's wish arrived: it is noted, or it is fulfilled. */
function hasHeard(status: Status, asked: Control): boolean {
  const over = ['stopped', 'finished', 'failed'].includes(status.state);
  const reached =
    asked === 'pause' ? status.state === 'paused' : asked !== 'stop' && status.state === 'running';
  return over || reached || status.pending !== null;
}
