/** The runs of every kernel that a notebook is open for. */

import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { PathExt } from '@jupyterlab/coreutils';
import type { Kernel } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

import { shown } from '../../shown';
import { Channel, type Preferences } from './channel';
import { nextQuestion } from './polling';
import { changes, isWorking, type Change, type RunInfo, type Verb } from './runs';
import type { Group, IRuns, Place } from './tokens';

interface Watched {
  readonly channel: Channel;
  readonly panels: Set<NotebookPanel>;
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

  constructor(private readonly notebooks: INotebookTracker) {
    notebooks.forEach((panel) => this.follow(panel));
    notebooks.widgetAdded.connect((_, panel) => this.follow(panel));
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') {
        this.refresh();
      }
      this.kernels.forEach((watched) => this.schedule(watched));
    });
  }

  get groups(): readonly Group[] {
    return [...this.kernels.values()].filter(({ channel }) => channel.known).map(groupOf);
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
    // of several notebooks on one kernel, only the first is told of comms
    if (kernel === null || (!kernel.handleComms && !this.kernels.has(kernel.id))) {
      return;
    }
    let watched = this.kernels.get(kernel.id);
    if (watched === undefined) {
      const channel = new Channel(kernel, this.chosen);
      watched = { channel, panels: new Set(), timer: undefined, seen: [] };
      this.kernels.set(kernel.id, watched);
      const found = watched;
      channel.changed.connect(() => this.news(found));
    }
    watched.panels.add(panel);
  }

  private leave(kernel: Kernel.IKernelConnection | null, panel: NotebookPanel): void {
    const watched = kernel === null ? undefined : this.kernels.get(kernel.id);
    if (kernel !== null && watched !== undefined && watched.panels.delete(panel)) {
      if (watched.panels.size === 0 || watched.channel.kernel.isDisposed) {
        clearTimeout(watched.timer);
        watched.channel.dispose();
        this.kernels.delete(kernel.id);
        this.changed.emit();
      }
    }
  }

  private news(watched: Watched): void {
    const { runs } = watched.channel;
    const found = changes(watched.seen, runs);
    watched.seen = runs;
    this.schedule(watched);
    found.forEach((change) => this.stateChanged.emit(change));
    this.changed.emit();
  }

  private schedule(watched: Watched): void {
    const { channel } = watched;
    clearTimeout(watched.timer);
    const wait = nextQuestion({
      page: document.visibilityState === 'visible',
      list: this.listSeen,
      working: channel.runs.some((run) => isWorking(run)),
      waiting: channel.runs.some(({ state }) => state === 'pending' || state === 'paused'),
      executing: channel.executing.now && channel.known,
      asked: channel.isAsked,
    });
    if (wait !== null) {
      watched.timer = setTimeout(() => channel.ask(), wait);
    }
  }
}

function groupOf({ channel, panels }: Watched): Group {
  const path = [...panels][0]?.context.path ?? '';
  return {
    kernel: channel.kernel.id,
    path,
    name: shown(PathExt.basename(path)),
    link: channel.link,
    known: channel.known,
    executing: channel.executing.now,
    subshells: channel.subshells,
    versions: channel.versions,
    refusal: channel.refusal,
    leftOut: channel.leftOut,
    runs: channel.runs,
  };
}
