/** Quantile, loss and self-influence of the point in focus, side by side. */

import { h, setAttr, setText, show } from '../../dom';
import { count } from '../../format';
import { number, ordinal, type Tile } from '../facts';

export function createTiles() {
  const element = h('dl', { class: 'tiles', 'data-testid': 'point-numbers' });
  const pool = [0, 1, 2].map(() => {
    const name = h('dt');
    const value = h('dd', { class: 'tile-value' });
    const rank = h('dd', { class: 'tile-rank' });
    const tile = h('div', { class: 'tile' }, name, value, rank);
    element.append(tile);
    return { tile, name, value, rank };
  });

  function update(tiles: readonly Tile[], known: number): void {
    show(element, tiles.length > 0);
    tiles.forEach((tile, i) => {
      const at = pool[i]!;
      const there = Number.isFinite(tile.value);
      setText(at.name, tile.name);
      setText(at.value, there ? number(tile.value) : 'unknown');
      setText(at.rank, there && tile.rank > 0 ? `rank ${count(tile.rank)}` : '');
      setAttr(at.rank, 'title', there ? `${ordinal(tile.rank, tile.end)} of ${count(known)}` : null);
      const signed = there && i === 0 ? (tile.value < 0 ? ' hurts' : ' helps') : there ? '' : ' muted';
      setAttr(at.value, 'class', `tile-value${signed}`);
      setAttr(at.tile, 'title', tile.tip);
    });
  }

  return { element, update };
}
