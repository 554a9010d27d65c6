/** The few keys that leave the panel. */

/**
 * Saving works from inside the panel: instead of the browser's own dialog, the notebook is saved. So does the list of all
 * commands of VS Code, which takes keys from hands only: there the event itself goes on, which is answered with true.
 * Elsewhere one like it goes on from outside the host, which keeps every other key.
 */
export function passOnSave(event: KeyboardEvent, host: HTMLElement): boolean {
  const { key, ctrlKey, metaKey, shiftKey, altKey } = event;
  const passes = (ctrlKey || metaKey) && !altKey && key === (shiftKey ? 'P' : 's');
  if (passes && 'vscodeThemeKind' in document.body.dataset) {
    return true;
  }
  if (passes && event.type === 'keydown') {
    event.preventDefault();
    for (const type of ['keydown', 'keyup']) {
      host.parentElement?.dispatchEvent(new KeyboardEvent(type, event)); // the key, its code, what is held with it
    }
  }
  return false;
}
