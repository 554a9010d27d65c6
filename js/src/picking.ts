/** What a click on a point means: with Shift a range, with Ctrl or on its box one more, else the point to look at. */

export interface Picks {
  focus(row: number): void;
  toggle(row: number): void;
  extend(row: number): void;
}

/** Answers the clicks inside `element`, whose points carry `data-row`. */
export function listenForPicks(element: HTMLElement, picks: Picks): void {
  element.addEventListener('mousedown', (event) => {
    if (event.shiftKey) {
      event.preventDefault(); // no text selection
    }
  });
  element.addEventListener('click', (event) => {
    const target = event.target as Element;
    const row = Number(target.closest('[data-row]')?.getAttribute('data-row') ?? -1);
    if (row < 0) {
      return;
    }
    if (event.shiftKey) {
      picks.extend(row);
    } else if (event.ctrlKey || event.metaKey || target.closest('.select') !== null) {
      picks.toggle(row);
    } else {
      picks.focus(row);
    }
  });
}
