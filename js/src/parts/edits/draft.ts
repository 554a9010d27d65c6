/** A comment that is being written is kept by the tab, for the page that is loaded next. */

/** The points, and what was written of them so far. */
export type Draft = readonly [rows: readonly number[], text: string];

interface Shown {
  readonly element: HTMLElement;
  leave(): void;
}

/**
 * Who shows the comment that is being written, by the keys of the drafts: several views may have one log, and each model
 * has a module of its own. So this is the page's.
 */
export const shownBy = ((globalThis as { dvlComments?: Map<string, Shown> }).dvlComments ??= new Map<
  string,
  Shown
>());

/** A page may have no storage, or it may be full: then nothing is kept. `text` is null once it is saved or given up. */
export function keepDraft(key: string, rows: readonly number[], text: string | null): void {
  if (text === null) {
    shownBy.delete(key);
  }
  try {
    sessionStorage.setItem(key, JSON.stringify([rows, text]));
  } catch {
    // as before
  }
}

/** Null where nothing was kept, or nothing of `n` points: pages of one origin share the storage. */
export function draftOf(key: string, n: number): Draft | null {
  try {
    const [rows, text] = JSON.parse(sessionStorage.getItem(key)!) as Draft;
    return text && rows.every((row) => row < n) ? [rows, text] : null;
  } catch {
    return null;
  }
}
