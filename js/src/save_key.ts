/** The few keys that leave the panel. */

/**
 * Saving works from inside the panel: instead of the browser's own dialog, the notebook is saved. VS Code takes keys from
 * hands only: there the event itself goes on, which is answered with true, and so does that for its list of all commands
 * (elsewhere it is the browser's). Elsewhere one like it goes on from outside the host, which keeps every other key.
 */
export function passOnSave(event: KeyboardEvent, host: HTMLElement): boolean {
  const { key, ctrlKey, metaKey, shiftKey, altKey } = event;
  const inCode = 'vscodeThemeKind' in document.body.dataset;
  const passes = (ctrlKey || metaKey) && !altKey && (shiftKey ? inCode && key === 'P' : key === 's');
  if (passes && inCode) {
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
