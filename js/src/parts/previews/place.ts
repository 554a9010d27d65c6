/** Where a larger picture goes: beside what it belongs to, within the panel. Pure. */

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const GAP = 8;

/** All in one system of coordinates; to the right of `at` where there is room, else to the left, else below. */
export function placeBeside(
  at: Box,
  size: Pick<Box, 'width' | 'height'>,
  within: Box
): { left: number; top: number } {
  const right = at.left + at.width + GAP;
  const left = at.left - GAP - size.width;
  const end = within.left + within.width;
  const top = clamp(
    at.top + at.height / 2 - size.height / 2,
    within.top,
    within.top + within.height - size.height
  );
  if (right + size.width <= end) {
    return { left: right, top };
  }
  if (left >= within.left) {
    return { left, top };
  }
  const below = at.top + at.height + GAP;
  const above = at.top - GAP - size.height;
  const fits = below + size.height <= within.top + within.height || above < within.top;
  return { left: clamp(at.left, within.left, end - size.width), top: fits ? below : above };
}

function clamp(x: number, low: number, high: number): number {
  return Math.max(low, Math.min(x, high));
}
