/** What a test of a panel on a page begins and ends with: a clock that the test turns, no canvas, an empty page. */

import { afterEach, beforeEach, vi } from 'vitest';

export const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);

export function onAPage(): void {
  beforeEach(() => {
    vi.useFakeTimers();
    HTMLCanvasElement.prototype.getContext = () => null;
  });
  afterEach(() => {
    vi.useRealTimers();
    document.body.replaceChildren();
  });
}
