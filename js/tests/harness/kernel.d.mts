import type { Comm } from '../../src/model';
import type { FakeRun } from './frames.mjs';

export class FakeKernel implements Comm {
  constructor(run: FakeRun, options?: { silent?: boolean });
  run: FakeRun;
  silent: boolean;
  page?: string;
  log: Record<string, unknown>[];
  listeners: Map<string, unknown>;
  get(name: string): unknown;
  on(event: string, callback: (...args: never[]) => void): void;
  off(event: string): void;
  send(command: unknown): void;
  post(content: unknown, buffers?: readonly ArrayBufferView[]): void;
  tick(): void;
}
