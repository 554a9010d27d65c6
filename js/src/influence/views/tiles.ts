/** Quantile, loss and self-influence of the point in focus, side by side. */

import { h, setAttr, setText, show } from '../../dom';
import { number, type Tile } from '../facts';
import { placeAmong, rankWord, Say } from '../words';

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
      setText(at.value, there ? number(tile.value) : Say.unknown);
      setText(at.rank, there && tile.rank > 0 ? rankWord(tile.rank) : '');
      setAttr(at.rank, 'title', there ? placeAmong(tile.rank, tile.end, known) : null);
      const signed = there && i === 0 ? (tile.value < 0 ? ' hurts' : ' helps') : there ? '' : ' muted';
      setAttr(at.value, 'class', `tile-value${signed}`);
      setAttr(at.tile, 'title', tile.tip);
    });
  }

  return { element, update };
}
