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
