/** What Python says of the run's control, checked. Pure. */

import { text, WireError, type Json } from '../../read';

/** Parts, as Python calls them. */
export const NAME = 'view';
export const CONTROL = 'control';

export interface RunState {
  readonly certainty: number | null;
  readonly minutes: number | null;
  /** Whether utilities are kept, for checkpoints and other semivalues. */
  readonly utilities: boolean;
  /** What a checkpoint may be called. */
  readonly name: string;
}

export function readState(m: Json): RunState {
  const number = (key: string): number | null => (typeof m[key] === 'number' ? m[key] : null);
  if (typeof m.utilities !== 'boolean') {
    throw new WireError('The state of the run came in a form that this page does not know. Reload the page.');
  }
  return {
    certainty: number('certainty'),
    minutes: number('minutes'),
    utilities: m.utilities,
    name: text(m, 'name'),
  };
}
