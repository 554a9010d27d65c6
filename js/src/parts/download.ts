/** Hands something that a panel has made to the browser as a file. */

import { h } from '../dom';

/** The address is that of the file itself, which the page has made, and ends with it. */
export function download(name: string, file: Blob): void {
  const url = URL.createObjectURL(file);
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
