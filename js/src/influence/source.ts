/** What an influence panel needs to know of the outside world besides what any panel does. */

import type { ViewMemory } from '../memory';
import type { PartSource } from '../parts/part';
import type { Preview } from '../source';
import type { Both } from './points';
import type { PanelState } from './state';
import type { OfTest, OfTrain } from './wire';

export interface InfluenceSource extends PartSource {
  readonly both: Both | null;
  /** What the last view was like. */
  readonly views: { memory: ViewMemory<PanelState> | null };
  /** The newest answer about a test point, also an outdated one, or null; asks for one that is not outdated. */
  ofTest(test: number): OfTest | null;
  ofTrain(train: number): OfTrain | null;
  testPreview(row: number): Preview | undefined;
  wantTestPreviews(rows: readonly number[]): void;
}
