/** How much the ranking still moves, drawn into the chart of how certain it is. */

import { h } from '../dom';
import STYLE from '../../style/parts/stability.css';
import { createStability } from './stability/chart';
import { guarded } from './guarded';
import type { Hub, Part, Sight } from './part';

export function makeStability({ source }: Hub): Part {
  const stability = createStability();
  /** By this the panel is found. */
  const style = h('style', {}, STYLE);
  let sight: Sight | null = null;
  const end = source.hear('stability', (message) =>
    guarded(source, () => {
      stability.hear(message);
      draw();
    })
  );

  function draw(): void {
    const panel = style.closest('.panel');
    if (panel !== null && sight !== null) {
      stability.update(panel, sight);
    }
  }

  return {
    overlays: [style],
    paint(now) {
      sight = now;
      draw();
    },
    end,
  };
}
