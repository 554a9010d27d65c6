import type { FakeRun } from './frames.mjs';
import { FakeKernel } from './kernel.mjs';

export interface FakeInfluence extends FakeRun {
  fitted: boolean;
  revision: number;
  waiting: number[];
  original: Uint16Array;
  columns: Record<string, Float32Array>;
  tests: { n: number; truths: Uint16Array; edited: { codes: Uint16Array; original: Uint16Array } };
}

export function makeInfluence(options?: Record<string, string | number>): FakeInfluence;
export function fullInfluence(
  run: FakeInfluence,
  seq: number
): [content: Record<string, unknown>, buffers: DataView[]];
export class FakeInfluenceKernel extends FakeKernel {
  constructor(run: FakeInfluence, options?: { silent?: boolean });
  run: FakeInfluence;
  flags: Record<'edits' | 'test_edits', Set<number>>;
  anew(): void;
}
