/** How one training point's influences on the test points are distributed. Pure. */

import { extent } from '../histogram';
import { labelWord, type Both } from './points';

export interface Group {
  readonly counts: Uint32Array;
  readonly n: number;
  /** How many of them the training point hurts. */
  readonly hurt: number;
}

export interface Effects {
  readonly lo: number;
  readonly width: number;
  readonly bins: number;
  /** Test points of the training point's label; all of them where labels are numbers. */
  readonly same: Group;
  readonly other: Group;
  /** Positions of the test points that it hurts most, worst first. */
  readonly worst: readonly number[];
}

const BINS = 30;
const WORST = 5;

/** `scores`: (test points); an edge of the bins falls on 0, so that a bar has one colour. */
export function effectsOf(both: Both, row: number, scores: Float32Array): Effects | null {
  const range = extent(scores);
  if (range === null) {
    return null;
  }
  const [from, to] = [Math.min(range[0], 0), Math.max(range[1], 0)];
  const width = (to - from) / BINS || 1;
  const below = Math.ceil(-from / width - 1e-9);
  const bins = Math.max(1, below + Math.ceil(to / width - 1e-9));
  const lo = -below * width;
  const groups = [make(bins), make(bins)];
  const word = labelWord(both.train, row);
  const classes = both.train.label?.kind === 'class';
  scores.forEach((score, i) => {
    if (score - score !== 0) {
      return;
    }
    const group = groups[classes && labelWord(both.test, i) !== word ? 1 : 0]!;
    group.counts[Math.min(bins - 1, Math.max(0, Math.floor((score - lo) / width)))]! += 1;
    group.n += 1;
    group.hurt += score < 0 ? 1 : 0;
  });
  return { lo, width, bins, same: groups[0]!, other: groups[1]!, worst: worstOf(scores) };
}

function make(bins: number) {
  return { counts: new Uint32Array(bins), n: 0, hurt: 0 };
}

function worstOf(scores: Float32Array): number[] {
  const order = [...scores.keys()].filter((i) => scores[i]! < 0);
  order.sort((a, b) => scores[a]! - scores[b]!);
  return order.slice(0, WORST);
}

/** Effects of one answer, counted once; an edit may move a test point to the other group. */
export function rememberEffects() {
  let of: readonly unknown[] = [];
  let found: Effects | null = null;
  return (both: Both, row: number, scores: Float32Array | undefined): Effects | null => {
    if (scores === undefined) {
      return null;
    }
    const now = [scores, both, both.train.edits, both.test.edits, row];
    if (now.some((part, i) => part !== of[i])) {
      of = now;
      found = effectsOf(both, row, scores);
    }
    return found;
  };
}
