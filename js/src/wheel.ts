/** Whose a turn of the wheel is. */

/**
 * What scrolls something in the panel is not the page's: VS Code scrolls its notebook by script, and from outside the
 * shadow root it cannot see that the table scrolls already. A turn sideways, or one that zooms, is the page's.
 */
export function keepWheel(event: WheelEvent): void {
  const { deltaY, ctrlKey, currentTarget } = event;
  for (const at of event.composedPath() as Element[]) {
    if (deltaY === 0 || ctrlKey || at === currentTarget) {
      return;
    }
    const left = deltaY < 0 ? at.scrollTop : at.scrollHeight - at.clientHeight - at.scrollTop;
    if (left > 1 && /auto|scroll/.test(getComputedStyle(at).overflowY)) {
      return event.stopPropagation();
    }
  }
}
