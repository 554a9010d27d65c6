/** Asks for the pictures of what is in sight: rows of the tables, cards, what is in focus. */

import type { Chosen } from './chosen';
import { inSight } from './sight';
import type { InfluenceSource } from './source';

/** Rows that fly past are not asked for (ms). */
const DELAY = 50;

/** `worst`: the test points that are shown as hurt most. */
export function createLooking(source: InfluenceSource, chosen: Chosen, worst: () => readonly number[]) {
  const rows = { tests: [] as number[], train: [] as number[] };
  let timer: ReturnType<typeof setTimeout> | undefined;

  function ask(): void {
    timer = undefined;
    const { both } = source;
    if (both === null) {
      return;
    }
    const wanted = inSight(chosen.state, {
      rows,
      order: chosen.pace.train.derived?.order ?? new Uint32Array(),
      answer: chosen.ofTest(),
      test: chosen.test(),
      focus: chosen.focus(),
      worst: worst(),
    });
    if (both.train.preview.kind !== 'none') {
      source.wantPreviews(wanted.train);
    }
    if (both.test.preview.kind !== 'none') {
      source.wantTestPreviews(wanted.tests);
    }
  }

  return {
    rows,
    /** In a moment. */
    want(): void {
      timer ??= setTimeout(ask, DELAY);
    },
    end: () => clearTimeout(timer),
  };
}
