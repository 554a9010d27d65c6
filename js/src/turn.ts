/** Rows that stay in sight while a list is scrolled keep their elements: those that left it go to the other end. */

interface Held {
  readonly element: HTMLElement;
}

/** `by`: rows that the list was scrolled down. `rescue`: takes the keyboard's focus, which an element that is moved loses. */
export function turn(list: HTMLElement, pool: Held[], by: number, rescue: HTMLElement | null): void {
  if (by === 0 || Math.abs(by) >= pool.length) {
    return;
  }
  const gone = by > 0 ? pool.splice(0, by) : pool.splice(by);
  const moved = gone.map(({ element }) => element);
  if (rescue !== null && moved.some((row) => row.matches(':focus-within'))) {
    rescue.focus({ preventScroll: true });
  }
  if (by > 0) {
    pool.push(...gone);
    list.append(...moved);
  } else {
    pool.unshift(...gone);
    list.prepend(...moved);
  }
}
