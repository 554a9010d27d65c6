/** What keys and edits act on: the training points, the test points, or whichever table is shown. */

import type { Desk } from '../intents';
import type { Chosen } from './chosen';

type Table = Pick<Desk, 'page' | 'reveal'>;

export interface Desks {
  readonly train: Desk;
  readonly tests: Desk;
  readonly keys: Desk;
}

export function createDesks(chosen: Chosen, tables: Record<'tests' | 'train', Table>): Desks {
  const order = (which: 'tests' | 'train') => chosen.pace[which].derived?.order ?? new Uint32Array();
  const train: Desk = {
    ...tables.train,
    order: () => order('train'),
    state: () => chosen.pinned().train,
    set: (state) => chosen.set({ ...chosen.state, train: state }),
  };
  /** Test points are chosen one at a time, so they know no selection; drawers and sheets are the panel's. */
  const tests: Desk = {
    ...tables.tests,
    order: () => order('tests'),
    state: () => {
      const { tests: listed, train: other } = chosen.pinned();
      const { drawer, help, failure } = other;
      return { ...listed, drawer, help, failure };
    },
    set: ({ focus, drawer, help, failure }) =>
      chosen.choose(focus, { ...chosen.state.train, drawer, help, failure }),
  };
  const here = (): Desk => (chosen.state.view === 'tests' ? tests : train);
  /** Keys move in the table that is shown; the selection that they clear is that of the training points. */
  const keys: Desk = {
    state: () => ({ ...here().state(), selected: chosen.state.train.selected }),
    order: () => here().order(),
    set(state) {
      if (here() === train) {
        train.set(state);
        return;
      }
      const { focus, drawer, help, failure } = state;
      const selected = state.selected.size === 0 ? state.selected : chosen.state.train.selected;
      chosen.choose(focus, { ...chosen.state.train, drawer, help, failure, selected });
    },
    page: () => here().page(),
    reveal: (row) => here().reveal(row),
  };
  return { train, tests, keys };
}
