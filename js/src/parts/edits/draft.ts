/** A comment that is being written is kept by the tab, for the page that is loaded next. */

/** The points, and what was written of them so far. */
export type Draft = readonly [rows: readonly number[], text: string];

/** A page may have no storage, or it may be full: then nothing is kept. */
export function keepDraft(key: string, draft: Draft | null): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(draft));
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
