/** What a view of an influence panel shows and has in focus, and how it comes to show another thing. Touches no DOM. */

import type { MoreTests } from '../filters';
import { Pace } from '../pace';
import { focusOn, type UiState } from '../state';
import type { InfluenceSource } from './source';
import { START, type PanelState, type View } from './state';
import type { OfTest } from './wire';

type Change = (state: UiState) => UiState;

export class Chosen {
  state: PanelState = START;
  /** Order, ranks and histogram of either table, as they are shown. */
  readonly pace: Readonly<Record<'tests' | 'train', Pace>>;
  readonly #source: InfluenceSource;
  readonly #changed: () => void;

  /** `changed`: is called after every new state; `more`: what else filters the training points. */
  constructor(source: InfluenceSource, changed: () => void, more: MoreTests) {
    this.pace = { tests: new Pace(), train: new Pace(more) };
    this.#source = source;
    this.#changed = changed;
  }

  set(state: PanelState): void {
    const before = this.state;
    const both = this.#source.both;
    this.state = state;
    this.pace.tests.turn(both?.test ?? null, state.tests, before.tests);
    this.pace.train.turn(both?.train ?? null, state.train, before.train);
    this.#changed();
  }

  train(change: Change): void {
    this.set({ ...this.state, train: change(this.pinned().train) });
  }

  tests(change: Change): void {
    this.set({ ...this.state, tests: change(this.pinned().tests) });
  }

  /** Turns to the other view; a training point that was looked at stays in focus. */
  show(view: View): void {
    const state = this.pinned();
    this.set({ ...state, view, train: { ...state.train, drawer: null } }); // the drawer is of the view that is left
  }

  /** Chooses a test point; the training point in focus becomes the one that hurts it most. */
  choose(row: number, train = this.state.train): void {
    const moved = row !== this.state.tests.focus;
    this.set({
      ...this.state,
      tests: focusOn(this.state.tests, row),
      train: moved ? focusOn(train, -1) : train,
    });
  }

  /** Chooses one in their list: in a narrow panel that is a drawer, which the choice closes. */
  chooseInList(row: number): void {
    const { train } = this.state;
    this.choose(row, train.drawer === 'overview' ? { ...train, drawer: null } : train);
  }

  /** Until somebody chooses one, the test point is the first of its table; -1 for none. */
  test(): number {
    return this.state.tests.focus >= 0 ? this.state.tests.focus : (this.pace.tests.derived?.order[0] ?? -1);
  }

  /** What is known of it, while test points are shown. */
  ofTest(): OfTest | null {
    const test = this.test();
    return test < 0 || this.state.view !== 'tests' ? null : this.#source.ofTest(test);
  }

  /** Until somebody chooses one, the training point is the one that hurts the test point most, or the lowest. */
  focus(): number {
    if (this.state.train.focus >= 0) {
      return this.state.train.focus;
    }
    if (this.state.view === 'training') {
      return this.pace.train.derived?.order[0] ?? -1;
    }
    const answer = this.ofTest();
    return answer?.harmful[0] ?? answer?.helpful[0] ?? -1;
  }

  /** The state with what is in focus written down, so that new numbers do not move it. */
  pinned(): PanelState {
    const { tests, train } = this.state;
    const [test, focus] = [this.test(), this.focus()];
    return test === tests.focus && focus === train.focus
      ? this.state
      : {
          ...this.state,
          tests: test === tests.focus ? tests : focusOn(tests, test),
          train: focus === train.focus ? train : focusOn(train, focus),
        };
  }

  pin(): void {
    this.state = this.pinned();
  }
}
