/** What keys and edits act on: the training points, the test points, or whichever table is shown. */

import type { Desk } from '../intents';
import type { UiState } from '../state';
import type { PanelState } from './state';

type Table = Pick<Desk, 'order' | 'page' | 'reveal'>;

export interface DeskHost {
  state(): PanelState;
  /** The state with what is in focus written down. */
  pinned(): PanelState;
  set(state: PanelState): void;
  /** Chooses a test point; `train`: the other side's state. */
  choose(row: number, train: UiState): void;
  readonly tests: Table;
  readonly train: Table;
}

export interface Desks {
  readonly train: Desk;
  readonly tests: Desk;
  readonly keys: Desk;
}

export function createDesks(host: DeskHost): Desks {
  const train: Desk = {
    ...host.train,
    state: () => host.pinned().train,
    set: (state) => host.set({ ...host.state(), train: state }),
  };
  /** Test points are chosen one at a time, so they know no selection; drawers and sheets are the panel's. */
  const tests: Desk = {
    ...host.tests,
    state: () => {
      const { tests: chosen, train: other } = host.pinned();
      const { drawer, help, failure } = other;
      return { ...chosen, drawer, help, failure };
    },
    set: ({ focus, drawer, help, failure }) =>
      host.choose(focus, { ...host.state().train, drawer, help, failure }),
  };
  const here = (): Desk => (host.state().view === 'tests' ? tests : train);
  /** Keys move in the table that is shown; the selection that they clear is that of the training points. */
  const keys: Desk = {
    state: () => ({ ...here().state(), selected: host.state().train.selected }),
    order: () => here().order(),
    set(state) {
      if (here() === train) {
        train.set(state);
        return;
      }
      const { focus, drawer, help, failure } = state;
      const selected = state.selected.size === 0 ? state.selected : host.state().train.selected;
      host.choose(focus, { ...host.state().train, drawer, help, failure, selected });
    },
    page: () => here().page(),
    reveal: (row) => here().reveal(row),
  };
  return { train, tests, keys };
}
