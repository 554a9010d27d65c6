/** What the button that values again says, and the column of the values before. */

import { many } from '../../format';

export const WORDS = {
  value: 'Apply and value again',
  valueTip: (n: number) =>
    n === 0
      ? 'All edits are in the values'
      : `Values the points with your edits: ${many(n, 'point')} edited since. The values until now stay as a column.`,
  over: 'The run has to be over first: stop it',
  before: 'value before',
  beforeTip: 'The value before the points were valued again with the edits, in the same unit',
};
