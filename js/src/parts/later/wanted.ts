/** When a part that comes after the panel is wanted. */

import type { PartMessage, Sight } from '../part';

export const PLACES = ['overview', 'bar', 'tools', 'detail', 'footer', 'takeBack', 'overlays'] as const;
export type Place = (typeof PLACES)[number];

/** Without any of these with the first paint. */
export interface Wanted {
  /** So much room is kept free for it (px), so that nothing moves when it comes. */
  readonly room?: readonly [place: Place, height: number];
  /**
   * Where its room is in view once somebody turned to the panel. Also when the focus goes into the panel: it would not be
   * reached by Tab else.
   */
  readonly seen?: boolean;
  /** When somebody turns to the panel: with the pointer, or with the keys. */
  readonly turned?: boolean;
  /** When Python says something of which this is true. */
  readonly heard?: (message: PartMessage) => boolean;
  /** When this is true of what there is to see. */
  readonly needed?: (sight: Sight) => boolean;
  /** When one of these is clicked, which is clicked again when the module is there and listens to it. */
  readonly clicked?: readonly HTMLElement[];
  /** What people call it, where that is not its name. */
  readonly called?: string;
}

/** Watches whether somebody turns to the panel, and whether `room` is in view then. */
export function createWatch({ turned, seen }: Wanted, room: Element, want: () => void) {
  let panel: Element | null = null;
  let seeing: IntersectionObserver | undefined;

  function look(): void {
    if (typeof IntersectionObserver === 'undefined') {
      want(); // whether it is seen cannot be known
    } else if (seeing === undefined) {
      seeing = new IntersectionObserver((all) => all.some((one) => one.isIntersecting) && want());
      seeing.observe(room);
    }
  }

  return {
    /** `now`: the panel, once it stands. */
    begin(now: Element | null): void {
      if (panel !== null || now === null || !(turned || seen)) {
        return;
      }
      panel = now;
      panel.addEventListener('focusin', want);
      panel.addEventListener('pointerover', turned ? want : look);
      if (panel.matches(':focus-within')) {
        want(); // the focus was there first
      }
    },
    end(): void {
      seeing?.disconnect();
      panel?.removeEventListener('focusin', want);
      panel?.removeEventListener('pointerover', want);
      panel?.removeEventListener('pointerover', look);
    },
  };
}
