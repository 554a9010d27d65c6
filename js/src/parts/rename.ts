/** Views of test points stand beside the same ones of the training points: browser tests must tell them apart. */

/** Puts "test-" before the ids of an element and of all that it holds. */
export function rename(element: HTMLElement): void {
  for (const named of [element, ...element.querySelectorAll<HTMLElement>('[data-testid]')]) {
    const id = named.dataset.testid;
    if (id !== undefined && !id.startsWith('test-')) {
      named.dataset.testid = `test-${id}`;
    }
  }
}
