/** Hands something that a panel has made to the browser as a file. */

import { h } from '../dom';

/**
 * The address is that of the file itself, which the page has made, and ends with it. The link stands on the page while
 * it is clicked: VS Code saves what links of a notebook's output lead to, and hears of a click on the page only.
 */
export function download(name: string, file: Blob): void {
  const url = URL.createObjectURL(file);
  const link = h('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
