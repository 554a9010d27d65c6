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
