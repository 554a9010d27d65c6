/** The one key that leaves the panel. */

/** JupyterLab reads its shortcuts from key codes. */
const S = 83;

/**
 * Saving is the one key of the page around that works from inside the panel: instead of the browser's own dialog, the
 * notebook is saved. The event goes on from outside the host, which keeps every other key.
 */
export function passOnSave(event: KeyboardEvent, host: HTMLElement): void {
  const save = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key === 's';
  if (save && host.parentElement !== null) {
    event.preventDefault();
    const { key, code, ctrlKey, metaKey } = event;
    const init = { key, code, keyCode: S, ctrlKey, metaKey, bubbles: true, cancelable: true, composed: true };
    host.parentElement.dispatchEvent(new KeyboardEvent('keydown', init));
    host.parentElement.dispatchEvent(new KeyboardEvent('keyup', init));
  }
}
