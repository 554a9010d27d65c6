/** A file that somebody chose, as a text in pieces that a message can carry. Pure but for the reading. */

import { words } from '../../read';
import { WORDS } from './words';

/** Larger files are not read; as in dvlwidgets/data/edit_reading.py. */
export const MOST_BYTES = 20_000_000;
/** Characters of a piece. */
const PIECE = 900_000;

/** Pieces of a text, none of which begins or ends within a character; one of an empty text. */
export function pieces(text: string, most = PIECE): string[] {
  const found: string[] = [];
  let start = 0;
  do {
    let end = Math.min(start + most, text.length);
    const last = text.charCodeAt(end - 1);
    if (end < text.length && last >= 0xd800 && last < 0xdc00) {
      end -= 1;
    }
    found.push(text.slice(start, end));
    start = end;
  } while (start < text.length);
  return found;
}

/** The text of a file, or a sentence that says why there is none; `name`: as it may be shown. */
export async function textOf(file: File, name: string): Promise<{ text: string } | string> {
  let bytes: ArrayBuffer;
  try {
    bytes = await file.arrayBuffer();
  } catch (error) {
    return WORDS.unreadable(name, words(String(error), 'the error'));
  }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return WORDS.binary(name);
  }
}
