/** Puts a sheet or a list below what opened it, within the panel. */

/** `gap`: pixels between the two. */
export function placeBelow(sheet: HTMLElement, opener: Element, gap = 4): void {
  const panel = sheet.closest('.panel')?.getBoundingClientRect();
  if (panel !== undefined) {
    const box = opener.getBoundingClientRect();
    const room = panel.width - sheet.offsetWidth - 8;
    const right = panel.right - box.right;
    sheet.style.right = `${Math.max(8, Math.min(right, room))}px`;
    sheet.style.top = `${box.bottom - panel.top + gap}px`;
    sheet.style.maxHeight = `${Math.max(180, panel.bottom - box.bottom - 14)}px`;
  }
}
