import type { Status } from '../../src/wire';

export interface FakeRun {
  n: number;
  kind: string;
  classes: string[] | null;
  codes: Uint16Array;
  original: Uint16Array;
  value: Float32Array;
  dropped: Uint8Array;
  stderr: Float32Array;
  count: Uint32Array;
  status: Status;
}

export function makeRun(options?: Record<string, string | number>): FakeRun;
export function full(run: FakeRun, seq: number): [content: Record<string, unknown>, buffers: DataView[]];
