/** Keeps both sets of points of one anywidget model, and the answers about single ones. */

import type { ViewMemory } from '../memory';
import { LiveModel } from '../model';
import { Previews } from '../previews';
import { applyEdits } from '../points';
import type { Buffer, EditsMessage, Message } from '../wire';
import type { Preview } from '../source';
import { applyStep, bothFrom, checkAnswer, judge, type Both } from './points';
import type { InfluenceSource } from './source';
import type { PanelState } from './state';
import { decode, type InfluenceMessage, type OfTest, type OfTrain } from './wire';

/** Points in each of the two galleries. */
const SHOWN = 12;
/** Answers that are held: going back to a point shows it at once. */
const HELD = 40;

type Kind = 'of_test' | 'of_train';

export class InfluenceModel extends LiveModel implements InfluenceSource {
  both: Both | null = null;
  readonly views: { memory: ViewMemory<PanelState> | null } = { memory: null };
  readonly #theirs = new Previews();
  readonly #tests = new Map<number, OfTest>();
  readonly #trains = new Map<number, OfTrain>();
  /** What was asked last, by kind: position and revision; an answer to an older question is kept but not waited for. */
  readonly #open = new Map<Kind, string>();

  ofTest(test: number): OfTest | null {
    return this.#answer('of_test', this.#tests, test, { test, k: SHOWN });
  }

  ofTrain(train: number): OfTrain | null {
    return this.#answer('of_train', this.#trains, train, { train });
  }

  testPreview(row: number): Preview | undefined {
    return this.#theirs.get(row);
  }

  wantTestPreviews(rows: readonly number[]): void {
    for (const some of this.#theirs.missing(rows)) {
      this.send({ t: 'previews', of: 'test', request: this.request(), rows: some } as { t: string });
    }
  }

  /** An answer to a question about points that are held. */
  #fits(message: OfTest | OfTrain): void {
    this.heard();
    if (this.both !== null) {
      checkAnswer(this.both, message);
    }
  }

  #answer<A extends { revision: number }>(
    kind: Kind,
    held: Map<number, A>,
    at: number,
    about: Record<string, number>
  ): A | null {
    const head = this.both?.head;
    const found = held.get(at) ?? null;
    if (head?.known !== true) {
      return null;
    }
    const question = `${at} ${head.revision}`;
    if (found?.revision !== head.revision && this.#open.get(kind) !== question) {
      this.#open.set(kind, question);
      this.send({ t: kind, request: this.request(), ...about } as { t: string });
    }
    return found; // numbers of before an edit are better than none until the new ones come
  }

  protected override takeEdits(message: EditsMessage): boolean {
    if (!('of' in message) || this.both === null) {
      return super.takeEdits(message);
    }
    const fits = applyEdits(this.both.test, message);
    judge(this.both.test);
    return fits;
  }

  protected override read(content: unknown, buffers: readonly Buffer[]): Message {
    return decode(content, buffers) as Message;
  }

  protected override apply(given: Message): void {
    const message = given as InfluenceMessage;
    switch (message.t) {
      case 'of_test':
        this.#fits(message);
        keep(this.#tests, message.test, message);
        this.tell('previews');
        return;
      case 'of_train':
        this.#fits(message);
        keep(this.#trains, message.train, message);
        this.tell('previews');
        return;
      case 'full':
        this.both = bothFrom(message, this.both);
        this.#open.clear();
        super.apply({ ...message, features: [...this.both.train.features] });
        // the model's points and ours must be one: edits and deltas change them in place
        this.points = this.both.train;
        return;
      case 'delta': {
        const before = this.points?.seq;
        super.apply(message);
        if (this.both !== null && this.points?.seq === message.seq && before !== message.seq) {
          applyStep(this.both, message);
        }
        return;
      }
      case 'previews':
        if ('of' in message) {
          this.heard();
          this.#theirs.keep(message);
          this.tell('previews');
          return;
        }
        super.apply(message);
        return;
      default:
        super.apply(message);
    }
  }
}

function keep<A>(held: Map<number, A>, at: number, answer: A): void {
  held.delete(at);
  held.set(at, answer);
  for (const oldest of held.keys()) {
    if (held.size <= HELD) {
      break;
    }
    held.delete(oldest);
  }
}
