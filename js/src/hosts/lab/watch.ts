/** The runs of every kernel, whether or not its notebook is open. */

import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { PathExt } from '@jupyterlab/coreutils';
import type { Kernel, ServiceManager } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

import { shown } from '../../shown';
import { Channel, type Preferences } from './channel';
import type { Away, Held } from './elsewhere';
import { FarKernels } from './far';
import { nextFarQuestion, nextQuestion } from './polling';
import { changes, isWorking, type Change, type RunInfo, type Verb } from './runs';
import type { Group, IRuns, Place } from './tokens';

interface Watched {
  readonly channel: Channel;
  readonly panels: Set<NotebookPanel>;
  /** Set where we have a connection of our own, as no notebook of this window holds the kernel. */
  away: Away | null;
  timer: ReturnType<typeof setTimeout> | undefined;
  seen: readonly RunInfo[];
}

export class RunsWatch implements IRuns {
  readonly changed: Signal<IRuns, void> = new Signal<IRuns, void>(this);
  readonly stateChanged: Signal<IRuns, Change> = new Signal<IRuns, Change>(this);
  focus: string | null = null;
  private readonly kernels = new Map<string, Watched>();
  private chosen: Preferences = { share: null, rate: null };
  private listSeen = false;
  private readonly far: FarKernels;

  constructor(
    private readonly notebooks: INotebookTracker,
    services: ServiceManager.IManager,
    restored: Promise<void>
  ) {
    this.far = new FarKernels(services, {
      held: () => this.held(),
      found: (away, kernel) => this.found(away, kernel),
      lost: (kernel) => this.forget(kernel),
    });
    void restored.then(() => this.far.start());
    notebooks.forEach((panel) => this.follow(panel));
    notebooks.widgetAdded.connect((_, panel) => this.follow(panel));
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') {
        this.refresh();
        this.far.soon();
      }
      this.kernels.forEach((watched) => this.schedule(watched));
    });
  }

  get groups(): readonly Group[] {
    return [...this.kernels.values()]
      .filter(({ channel }) => channel.known)
      .map((watched) => this.groupOf(watched));
  }

  get all(): readonly Place[] {
    return this.groups.flatMap((group) => group.runs.map((run) => ({ group, run })));
  }

  find(run: string): Place | null {
    const all = this.all;
    return all.find((place) => place.run.id === run) ?? all.find((place) => place.run.name === run) ?? null;
  }

  control({ group, run }: Place, verb: Verb): void {
    this.kernels.get(group.kernel)?.channel.control(verb, run.id);
  }

  refresh(): void {
    this.kernels.forEach(({ channel }) => channel.ask());
  }

  see(visible: boolean): void {
    if (this.listSeen !== visible) {
      this.listSeen = visible;
      if (visible) {
        this.refresh();
      }
      this.kernels.forEach((watched) => this.schedule(watched));
    }
  }

  prefer(chosen: Preferences, changed: Preferences): void {
    this.chosen = chosen;
    this.kernels.forEach(({ channel }) => channel.prefer(chosen, changed));
  }

  notebook(path: string): NotebookPanel | null {
    return this.notebooks.find((panel) => panel.context.path === path) ?? null;
  }

  private follow(panel: NotebookPanel): void {
    const { sessionContext } = panel.context;
    let kernel: Kernel.IKernelConnection | null = null;
    const take = (next: Kernel.IKernelConnection | null): void => {
      if (next !== kernel) {
        this.leave(kernel, panel);
        kernel = next;
        this.enter(kernel, panel);
      }
    };
    take(sessionContext.session?.kernel ?? null);
    sessionContext.kernelChanged.connect((_, { newValue }) => take(newValue));
    panel.context.pathChanged.connect(() => this.changed.emit());
    panel.disposed.connect(() => take(null));
  }

  private enter(kernel: Kernel.IKernelConnection | null, panel: NotebookPanel): void {
    // of several on one kernel, only the first is told of comms; for another there is our own connection
    const there = kernel === null ? undefined : this.kernels.get(kernel.id);
    if (kernel !== null && (kernel.handleComms || (there !== undefined && there.away === null))) {
      this.far.release(kernel.id);
      (this.kernels.get(kernel.id) ?? this.watch(kernel, null)).panels.add(panel);
    }
    this.changed.emit();
    this.far.soon();
  }

  private leave(kernel: Kernel.IKernelConnection | null, panel: NotebookPanel): void {
    const watched = kernel === null ? undefined : this.kernels.get(kernel.id);
    if (kernel !== null && watched !== undefined && watched.panels.delete(panel)) {
      if (watched.panels.size === 0 || watched.channel.kernel.isDisposed) {
        this.forget(kernel.id);
      }
    }
    this.far.soon();
  }

  private watch(kernel: Kernel.IKernelConnection, away: Away | null): Watched {
    const channel = new Channel(kernel, this.chosen);
    const watched: Watched = { channel, panels: new Set(), away, timer: undefined, seen: [] };
    this.kernels.set(kernel.id, watched);
    channel.changed.connect(() => this.news(watched));
    return watched;
  }

  private forget(id: string): void {
    const watched = this.kernels.get(id);
    if (watched !== undefined) {
      clearTimeout(watched.timer);
      watched.channel.dispose();
      this.kernels.delete(id);
      this.changed.emit();
    }
  }

  // --- kernels that no notebook of this window holds --------------------------------------------------------

  private held(): Held {
    const near = [...this.kernels].filter(([, { away }]) => away === null).map(([id]) => id);
    const coming = new Set<string>();
    this.notebooks.forEach(({ context: { path, sessionContext } }) => {
      if (sessionContext.session === null && !sessionContext.isReady) {
        coming.add(path);
      }
    });
    return { kernels: new Set(near), coming };
  }

  private found(away: Away, kernel: Kernel.IKernelConnection): Channel {
    const watched = this.kernels.get(kernel.id) ?? this.watch(kernel, away);
    const { away: before } = watched;
    watched.away = away;
    if (before?.path !== away.path || before.name !== away.name) {
      this.changed.emit(); // it was renamed
    }
    return watched.channel;
  }

  private news(watched: Watched): void {
    const { runs } = watched.channel.talk;
    const found = changes(watched.seen, runs);
    watched.seen = runs;
    this.schedule(watched);
    found.forEach((change) => this.stateChanged.emit(change));
    this.changed.emit();
  }

  private schedule(watched: Watched): void {
    const { channel } = watched;
    clearTimeout(watched.timer);
    const next = watched.away === null ? nextQuestion : nextFarQuestion;
    const wait = next({
      page: document.visibilityState === 'visible',
      list: this.listSeen,
      working: channel.talk.runs.some((run) => isWorking(run)),
      waiting: channel.talk.runs.some(({ state }) => state === 'pending' || state === 'paused'),
      executing: channel.executing.now && channel.known,
      asked: channel.isAsked,
    });
    if (wait !== null) {
      watched.timer = setTimeout(() => channel.ask(), wait);
    }
  }

  private groupOf({ channel, panels, away }: Watched): Group {
    const path = away?.path ?? [...panels][0]?.context.path ?? '';
    const kind = away?.kind ?? 'notebook';
    return {
      kernel: channel.kernel.id,
      kind,
      path,
      name: shown(kind === 'notebook' ? PathExt.basename(path) : (away?.name ?? '')),
      here: away === null || this.notebook(path) !== null,
      link: channel.talk.link,
      known: channel.known,
      executing: channel.executing.now,
      subshells: channel.subshells,
      versions: channel.talk.versions,
      refusal: channel.talk.refusal,
      leftOut: channel.talk.leftOut,
      // only a notebook's renderers can show a panel outside its cell
      runs:
        kind === 'notebook' ? channel.talk.runs : channel.talk.runs.map((run) => ({ ...run, model: null })),
    };
  }
}
