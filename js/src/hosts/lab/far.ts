/** Connections to the kernels that no notebook of this window holds: one each, which leaves their comms alone. */

import type { Kernel, ServiceManager } from '@jupyterlab/services';

import type { Channel } from './channel';
import { elsewhere, nextLook, type Away, type Held, type Stranger } from './elsewhere';

/** Kernels come and go in bursts; one look follows them (ms). */
const BURST = 300;

/** Who wants to know of them. */
export interface FarHost {
  held(): Held;
  /** A kernel is found, or found under another path; the channel is made the first time. */
  found(away: Away, kernel: Kernel.IKernelConnection): Channel;
  /** It is gone, or has no dvlwidgets, or a notebook holds it now. */
  lost(kernel: string): void;
}

interface Connection {
  readonly kernel: Kernel.IKernelConnection;
  /** It is known whether the kernel has dvlwidgets. */
  looked: boolean;
}

export class FarKernels {
  private readonly connections = new Map<string, Connection>();
  private readonly strangers = new Map<string, Stranger>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private due = Infinity;
  private started = false;

  constructor(
    private readonly services: ServiceManager.IManager,
    private readonly host: FarHost
  ) {}

  /** From now on kernels are looked for. */
  async start(): Promise<void> {
    const { kernels, kernelspecs, sessions } = this.services;
    await Promise.all([kernels.ready, kernelspecs.ready, sessions.ready]);
    this.started = true;
    kernels.runningChanged.connect(() => this.soon());
    sessions.runningChanged.connect(() => this.soon());
    this.soon();
  }

  /** Looks for them; what the server tells in a hidden page is looked at when that is shown. */
  soon(wait = BURST): void {
    const due = Date.now() + wait;
    if (this.started && document.visibilityState === 'visible' && due < this.due) {
      clearTimeout(this.timer);
      this.due = due;
      this.timer = setTimeout(() => void this.look(), wait);
    }
  }

  /** Ends our connection; the kernel goes on. */
  release(id: string): void {
    const connection = this.connections.get(id);
    if (connection !== undefined) {
      this.connections.delete(id);
      this.host.lost(id);
      connection.kernel.dispose();
    }
  }

  /** The server is asked only before something new is done: its answer is the next look's reason while a run is told of. */
  private async look(): Promise<void> {
    this.due = Infinity;
    const isNew = (away: Away): boolean => !this.connections.has(away.kernel) && this.wait(away) === 0;
    if (this.list().some(isNew) && !(await this.refresh())) {
      return; // the server is away: its kernels are told of again when it is back
    }
    const now = this.list();
    const ids = new Set(now.map(({ kernel }) => kernel));
    [...this.connections.keys()].filter((id) => !ids.has(id)).forEach((id) => this.release(id));
    [...this.strangers.keys()].filter((id) => !ids.has(id)).forEach((id) => this.strangers.delete(id));
    now.forEach((away) => this.follow(away));
  }

  private list(): Away[] {
    const { kernels, sessions, kernelspecs } = this.services;
    const isPython = (spec: string): boolean =>
      (kernelspecs.specs?.kernelspecs[spec]?.language ?? 'python') === 'python';
    return elsewhere([...kernels.running()], [...sessions.running()], this.host.held(), isPython);
  }

  private wait(away: Away): number | null {
    return nextLook(this.strangers.get(away.kernel), away, Date.now());
  }

  /** What the managers know may be ten seconds old, and a connection to a kernel that is gone is an error. */
  private async refresh(): Promise<boolean> {
    try {
      await Promise.all([this.services.kernels.refreshRunning(), this.services.sessions.refreshRunning()]);
      return true;
    } catch {
      return false;
    }
  }

  private follow(away: Away): void {
    const there = this.connections.get(away.kernel);
    if (there !== undefined && !there.kernel.isDisposed) {
      const { known } = this.host.found(away, there.kernel);
      if (there.looked && !known && away.connections <= 1) {
        this.leaveAlone(away);
      }
      return;
    }
    const wait = this.wait(away);
    if (wait === 0) {
      this.release(away.kernel);
      void this.connect(away);
    } else if (wait !== null) {
      this.soon(wait);
    }
  }

  private async connect(away: Away): Promise<void> {
    const model = { id: away.kernel, name: away.spec };
    const kernel = this.services.kernels.connectTo({ model, handleComms: false });
    const connection = { kernel, looked: false };
    this.connections.set(away.kernel, connection);
    await this.host.found(away, kernel).looked;
    await this.refresh(); // our look was something that the kernel did
    connection.looked = true;
    this.soon();
  }

  /** A kernel that only we are connected to would not be culled; where others are, it may tell us of dvlwidgets later. */
  private leaveAlone({ kernel, activity }: Away): void {
    this.strangers.set(kernel, { at: Date.now(), activity });
    this.release(kernel);
  }
}
