/** The only file that sees a comm: keeps the points of one anywidget model, and speaks for all its views. */

import { Acks } from './acks';
import { Hearing } from './hearing';
import { Mailbox } from './mailbox';
import type { ViewMemory } from './memory';
import { applyDelta, applyEdits, fromFull, type Points } from './points';
import { Previews } from './previews';
import type { Change, Control, Link, Preview } from './source';
import { shown } from './shown';
import { guarded } from './parts/guarded';
import type { PartMessage, PartSource } from './parts/part';
import { Timers } from './timers';
import { kernelFacts, type KernelFacts, type Unheard } from './unheard';
import { decode, type Buffer, type Command, type EditsMessage, type LabelChoice, type Message } from './wire';
import { unreached } from './words';

/** The part of an anywidget model that is used here. */
export interface Comm {
  get(name: string): unknown;
  send(content: unknown): void;
  on(event: string, callback: (...args: never[]) => void): void;
  off(event: string, callback: (...args: never[]) => void): void;
}

const ASK_AGAIN = 3000;
/** After so long (ms) a complaint was read. */
const READ = 4000;

export class LiveModel implements PartSource {
  readonly live = true;
  points: Points | null = null;
  problem: string | null = null;
  memory: ViewMemory | null = null;
  readonly #comm: Comm;
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #previews = new Previews();
  readonly #hearing = new Hearing((change) => this.tell(change));
  readonly #mailbox = new Mailbox();
  readonly #acks = new Acks((seq) => this.send({ t: 'ack', seq }));
  readonly #timers = new Timers();
  readonly #name = Math.random().toString(36).slice(2, 8);
  #serial = 0;
  #complained = 0;

  constructor(comm: Comm) {
    this.#comm = comm;
    comm.on('msg:custom', this.#receive);
    comm.on('comm_live_update', this.#hello);
    this.#hello();
  }

  dispose(): void {
    this.#comm.off('msg:custom', this.#receive);
    this.#comm.off('comm_live_update', this.#hello);
    this.#timers.stopAll();
    this.#hearing.end();
    this.#acks.end();
    this.#listeners.clear();
    this.#mailbox.clear();
    this.#previews.clear();
  }

  get title(): string {
    const given = this.#comm.get('title');
    return this.points?.title ?? (typeof given === 'string' ? shown(given) : '');
  }

  get height(): number {
    return Number(this.#comm.get('height')) || 600;
  }

  get page(): string {
    const given = this.#comm.get('page');
    return typeof given === 'string' ? given : '';
  }

  get kernel(): KernelFacts | null {
    return kernelFacts(this.#comm.get('kernel'));
  }

  get link(): Link {
    return this.#hearing.link;
  }

  get asked(): Control | null {
    return this.#hearing.asked;
  }

  get unheard(): Unheard | null {
    return this.#hearing.unheard;
  }

  get unsaved(): number {
    return this.#hearing.edits.size;
  }

  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(change: Change): void {
    this.#listeners.forEach((listener) => listener(change));
  }

  complain(sentence: string): void {
    this.#complained = performance.now();
    this.problem = sentence;
    this.tell('link');
  }

  dismiss(): void {
    this.problem = null;
    this.tell('link');
  }

  preview(row: number): Preview | undefined {
    return this.#previews.get(row);
  }

  wantPreviews(rows: readonly number[]): void {
    for (const some of this.#previews.missing(rows)) {
      this.send({ t: 'previews', request: this.request(), rows: some });
    }
  }

  control(verb: Control): void {
    this.#hearing.asked = verb;
    this.send({ t: verb });
    this.#expect();
    this.#hearing.watch();
    this.tell('status');
  }

  relabel(rows: readonly number[], choice: LabelChoice): void {
    this.editBy({ t: 'relabel', rows: [...rows], ...choice });
  }

  drop(rows: readonly number[], dropped: boolean): void {
    this.editBy({ t: 'drop', rows: [...rows], dropped });
  }

  undo(): void {
    this.editBy({ t: 'undo' });
  }

  redo(): void {
    this.editBy({ t: 'redo' });
  }

  editBy(command: Readonly<Record<string, unknown>> & { readonly t: string }): void {
    if (this.problem !== null && performance.now() - this.#complained > READ) {
      this.dismiss(); // somebody goes on with another edit
    }
    const request = this.request();
    this.#hearing.edits.add(request);
    this.send({ ...command, request } as { t: string });
    this.#expect();
    this.#hearing.watch();
    this.tell('edits');
  }

  ask(part: string, body: Readonly<Record<string, unknown>>, quietly = false): string {
    const request = this.request();
    const command: { t: string } = { ...body, t: 'part', ...{ part, request } };
    this.send(command, quietly);
    if (!quietly) {
      this.#expect();
    }
    return request;
  }

  hear(part: string, listener: (message: PartMessage) => void): () => void {
    return this.#mailbox.hear(part, listener);
  }

  protected request(): string {
    this.#serial += 1;
    return `${this.#name}-${this.#serial}`;
  }

  protected send(command: Command | { t: string }, quietly = false): void {
    try {
      this.#comm.send(command);
    } catch (error) {
      if (!quietly) {
        this.complain(unreached(String(error)));
      }
    }
  }

  #expect(): void {
    this.#hearing.expect(this.page !== '');
  }

  /** Says which frame is held; Python answers with a full one. Asked again until it does. */
  readonly #hello = (): void => {
    this.send({ t: 'hello', have: this.points?.seq ?? -1 });
    this.#timers.start('hello', ASK_AGAIN, this.#hello);
    this.#expect();
  };

  readonly #receive = (content: unknown, buffers: readonly Buffer[] = []): void => {
    guarded(this, () => this.apply(this.read(content, buffers)));
  };

  protected read(content: unknown, buffers: readonly Buffer[]): Message {
    return decode(content, buffers);
  }

  protected apply(message: Message): void {
    this.heard();
    switch (message.t) {
      case 'full':
        this.#timers.stop('hello');
        if (this.points !== null && this.points.n !== message.n) {
          this.#previews.clear();
        }
        this.points = fromFull(message, this.points);
        this.#acks.came(message.seq);
        this.tell('values');
        break;
      case 'delta':
        if (this.points !== null && applyDelta(this.points, message)) {
          this.#acks.came(message.seq);
          this.tell('values');
        } else if (!this.#timers.has('hello')) {
          this.#hello();
        }
        break;
      case 'status':
        if (this.points !== null) {
          this.points.status = message.status;
        }
        break;
      case 'edits':
        this.#hearing.edited(message.request);
        if (!this.takeEdits(message)) {
          this.#hello();
        }
        this.tell('edits');
        break;
      case 'previews':
        this.#previews.keep(message);
        this.tell('previews');
        break;
      case 'part':
        this.#mailbox.take(message);
        break;
      case 'error':
        this.#hearing.refused(message.request, message.where);
        this.complain(message.message);
        this.tell('edits');
        break;
    }
    if ('status' in message) {
      this.#hearing.stands(message.status);
      this.tell('status');
    }
  }

  /** False when they do not fit the points that they are of. */
  protected takeEdits(message: EditsMessage): boolean {
    return this.points === null || applyEdits(this.points, message);
  }

  /** Any message shows that the kernel is there. */
  protected heard(): void {
    this.#hearing.any();
  }
}
