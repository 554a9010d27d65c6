/** Whose a turn of the wheel is. */

/**
 * What scrolls something in the panel is not the page's: VS Code scrolls its notebook by script, and from outside the
 * shadow root it cannot see that the table scrolls already.
 */
export function keepWheel(event: WheelEvent): void {
  for (const at of event.composedPath() as Element[]) {
    if (at === event.currentTarget) {
      return;
    }
    const left = event.deltaY < 0 ? at.scrollTop : at.scrollHeight - at.clientHeight - at.scrollTop;
    if (left > 1 && /auto|scroll/.test(getComputedStyle(at).overflowY)) {
      return event.stopPropagation();
    }
  }
}
