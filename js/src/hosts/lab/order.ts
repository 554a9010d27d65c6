import type { Place } from './tokens';

/** The cell after `active` that shows a panel, starting over at the end; -1 when none does. Pure. */
export function nextPanel(shows: readonly boolean[], active: number): number {
  for (let step = 1; step <= shows.length; step++) {
    const index = (Math.max(-1, active) + step) % shows.length;
    if (shows[index] === true) {
      return index;
    }
  }
  return -1;
}

/** What tells a cell from others: its id, and the widget models that its outputs show. */
export interface CellFacts {
  readonly id: string;
  readonly models: readonly string[];
}

/** The cell that made a run; where the kernel did not know it, the first that shows it; else -1. Pure. */
export function cellOf(
  cells: readonly CellFacts[],
  run: { readonly cell: string | null; readonly model: string | null }
): number {
  const made = cells.findIndex((cell) => cell.id === run.cell);
  return made >= 0 ? made : cells.findIndex((cell) => run.model !== null && cell.models.includes(run.model));
}

/** What a view shows; it is kept with the layout of the page. */
export interface Shown {
  readonly path: string;
  readonly name: string;
  readonly run: string;
  readonly where: 'tab' | 'beside';
}

/** The run that a view shows: by its id, whatever its notebook is called by now; else the last of that name there. */
export function placeOf({ path, name, run }: Shown, all: readonly Place[]): Place | null {
  const same = all.find((place) => place.run.id === run);
  const named = all.filter((place) => place.group.path === path && place.run.name === name);
  return same ?? named.at(-1) ?? null;
}
