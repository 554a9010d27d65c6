/** What a key does in the panel. Pure. */

export type Action =
  { do: 'move'; by: number | 'page' | '-page'; extend: boolean } | { do: 'select' | 'all' | 'escape' };

/** What only a live panel can do. */
export type Edit = { do: 'drop' | 'undo' | 'redo' | 'help' } | { do: 'relabel'; key: string };

export interface Key {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** `inGrid`: the table has the focus, or the gallery, so the keys that scroll and select belong to it. */
export function actionOf(key: Key, inGrid: boolean, tiles = false): Action | null {
  if (key.altKey) {
    return null;
  }
  if (key.ctrlKey || key.metaKey) {
    return inGrid && key.key.toLowerCase() === 'a' ? { do: 'all' } : null;
  }
  switch (key.key) {
    case 'n':
      return { do: 'move', by: 1, extend: false };
    case 'p':
      return { do: 'move', by: -1, extend: false };
    case 'Escape':
      return { do: 'escape' };
    default:
      return inGrid ? onGrid(key, tiles) : null;
  }
}

/** A key that another one is held with is the browser's or the notebook's. */
export const isChord = (key: Omit<Key, 'key' | 'shiftKey'>): boolean =>
  key.altKey || key.ctrlKey || key.metaKey;

/** Keys of a live panel, wherever in it the focus is. */
export function editOf(key: Key): Edit | null {
  if (isChord(key)) {
    return null;
  }
  if (/^[0-9bdeimoq-swyz]$/.test(key.key)) {
    return { do: 'relabel', key: key.key };
  }
  switch (key.key) {
    case 'x':
      return { do: 'drop' };
    case 'u':
      return { do: 'undo' };
    case 'U':
      return { do: 'redo' };
    case '?':
      return { do: 'help' };
    default:
      return null;
  }
}

/** Keys of the table and the gallery that move, and by how much. */
const STEPS = new Map<string, number | 'page' | '-page'>([
  ['ArrowDown', 1],
  ['ArrowUp', -1],
  ['PageDown', 'page'],
  ['PageUp', '-page'],
  ['Home', -Infinity],
  ['End', Infinity],
]);

function onGrid({ key, shiftKey: extend }: Key, tiles: boolean): Action | null {
  if (key === ' ') {
    return { do: 'select' };
  }
  const by = (tiles && { ArrowLeft: -1, ArrowRight: 1 }[key]) || STEPS.get(key);
  return by === undefined ? null : { do: 'move', by, extend };
}
