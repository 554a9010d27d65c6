/** Which kernels no notebook of this window holds, and when to look at one again. Pure. */

/** A kernel as the server lists it. */
export interface KernelFacts {
  readonly id: string;
  readonly name: string;
  readonly execution_state?: string;
  readonly last_activity?: string;
  readonly connections?: number;
}

/** What a kernel works for, as the server lists it. */
export interface SessionFacts {
  readonly path: string;
  readonly type: string;
  readonly name: string;
  readonly kernel: { readonly id: string } | null;
}

export type Kind = 'notebook' | 'console' | 'other';

/** A kernel of which we hold no notebook. */
export interface Away {
  readonly kernel: string;
  readonly spec: string;
  readonly kind: Kind;
  /** Of its notebook or console; empty where it has none. */
  readonly path: string;
  /** What the server calls it. */
  readonly name: string;
  /** When it last did something, as the server tells. */
  readonly activity: string | null;
  /** How many are connected to it, we among them. */
  readonly connections: number;
}

export interface Held {
  /** Ids of the kernels that are watched through their notebook. */
  readonly kernels: ReadonlySet<string>;
  /** Open notebooks that do not have their kernel yet. */
  readonly coming: ReadonlySet<string>;
}

const GONE = new Set(['dead', 'terminating']);

/** The kernels that have to be asked by a connection of our own; `isPython` is told the name of a kernel's specification. */
export function elsewhere(
  kernels: readonly KernelFacts[],
  sessions: readonly SessionFacts[],
  held: Held,
  isPython: (spec: string) => boolean
): Away[] {
  return kernels
    .filter(({ id, name, execution_state: state }) => {
      const coming = sessions.some(({ kernel, path }) => kernel?.id === id && held.coming.has(path));
      return !held.kernels.has(id) && !coming && !GONE.has(state ?? '') && isPython(name);
    })
    .map(({ id, name, last_activity: activity, connections }) => {
      const mine = sessions.filter(({ kernel }) => kernel?.id === id);
      const session = mine.find(({ type }) => type === 'notebook') ?? mine[0];
      return {
        kernel: id,
        spec: name,
        kind: kindOf(session?.type),
        path: session?.path ?? '',
        name: session === undefined ? name : session.name || session.path,
        activity: activity ?? null,
        connections: connections ?? 1,
      };
    });
}

function kindOf(type: string | undefined): Kind {
  return type === 'notebook' || type === 'console' ? type : 'other';
}

/** A kernel without dvlwidgets: when we saw that, and what it had done last by then. */
export interface Stranger {
  readonly at: number;
  readonly activity: string | null;
}

/** Between two looks at a kernel without dvlwidgets (ms). */
export const RARELY = 60_000;

/** In how many ms to look at it again; null: not before it does something, as a look would keep it from being culled. */
export function nextLook(stranger: Stranger | undefined, away: Away, now: number): number | null {
  if (stranger === undefined) {
    return 0;
  }
  return stranger.activity === away.activity ? null : Math.max(0, stranger.at + RARELY - now);
}
