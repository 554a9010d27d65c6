/** A chip that goes away with its filter hands the keyboard's focus on: to the next one, else to the field. */

/** `inBar`: an element of the line of filters. What comes back is called once the line was painted. */
export function createHandOver(inBar: Element, field: () => void): () => void {
  let bar: Element | null = null;
  let pressed: { chip: Element; at: number } | null = null;

  const chips = (): HTMLElement[] => [
    ...(bar?.querySelectorAll<HTMLElement>('[data-testid="chip"]:not([hidden])') ?? []),
  ];
  const listen = (): void => {
    bar = inBar.closest('.chips');
    bar?.addEventListener(
      'click',
      ({ target }) => {
        const chip = (target as Element).closest('.chip');
        pressed = chip === null ? null : { chip, at: chips().indexOf(chip as HTMLElement) };
      },
      true // before the chip does what it is for
    );
  };

  return () => {
    if (bar === null) {
      listen();
    } else if (pressed !== null) {
      const { chip, at } = pressed;
      pressed = null;
      if (!chip.isConnected || chip.hasAttribute('hidden')) {
        const next = chips()[at];
        if (next === undefined) {
          field();
        } else {
          next.focus();
        }
      }
    }
  };
}
