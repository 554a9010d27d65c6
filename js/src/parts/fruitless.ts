/** A run that failed before it knew any value: charts of values, and what would be without the lowest, will not come. */

import type { Points } from '../points';

export function isFruitless({ status, value }: Points): boolean {
  return status.state === 'failed' && !value.some(Number.isFinite);
}
