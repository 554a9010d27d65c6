/** Reading what Python says: what is not as promised becomes a sentence at the top of the panel, and goes no further. */

import { WireError } from '../read';

export function guarded(source: { complain(sentence: string): void }, deed: () => void): void {
  try {
    deed();
  } catch (error) {
    if (!(error instanceof WireError)) {
      throw error;
    }
    source.complain(error.message);
  }
}
