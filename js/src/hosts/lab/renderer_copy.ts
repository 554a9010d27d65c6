/** What a stored output holds of a shared copy: the small snapshot type, and the payload and the table in its HTML. */

import { shown } from '../../shown';

export const SNAPSHOT = 'application/vnd.dvlwidgets.snapshot+json';

/** Of a picture (px). */
const WIDEST = 900;

export interface Stored {
  /** Id of the widget's model, which a kernel may still have. */
  readonly model: string | null;
  readonly summary: string;
  /** Whether there was anything to read yet: a run that has only begun has a sentence and a table. */
  readonly whole: boolean;
  /** The text of the payload; null where it was taken out. */
  readonly payload: string | null;
  /** What stands in the saved view, to tell whether it is another one. */
  readonly contents: string | null;
  /** The table and the picture that stand where no script runs. */
  readonly html: Document;
}

/** Reads the data of an output. The HTML is parsed, never rendered: nothing in it runs or is loaded. */
export function storedIn(data: Readonly<Record<string, unknown>>): Stored {
  const item = data[SNAPSHOT];
  const small = typeof item === 'object' && item !== null ? (item as Record<string, unknown>) : {};
  const said = (key: string): string | null => {
    const words = small[key];
    return typeof words === 'string' ? shown(words) : null;
  };
  let parsed: Document | undefined;
  return {
    model: said('model'),
    summary: said('summary') ?? '',
    whole: small.payload !== null,
    get payload() {
      return this.html.querySelector('script.dvl-snapshot-data')?.textContent ?? null;
    },
    get contents() {
      return this.whole ? this.payload : htmlIn(data);
    },
    /** When it is asked for: behind a live panel nobody does, and it may be large. */
    get html() {
      return (parsed ??= new DOMParser().parseFromString(htmlIn(data), 'text/html'));
    },
  };
}

export function htmlIn(data: Readonly<Record<string, unknown>>): string {
  const given = data['text/html'];
  return Array.isArray(given) ? given.join('') : typeof given === 'string' ? given : '';
}

/** The table and the picture again, made of their words and pixels alone. */
export function standIn({ html, summary }: Stored): HTMLElement {
  const made = partsOf([html]);
  if (made.childElementCount === 0) {
    made.append(like('p', summary));
  }
  return made;
}

/** What stands below the interactive panel: tables that are not of its points; nothing where there are none. */
export function standBelow({ html }: Stored): HTMLElement | null {
  const below = html.querySelectorAll('.dvl-snapshot ~ .dvl-snapshot');
  return below.length === 0 ? null : partsOf([...below]);
}

function partsOf(places: readonly ParentNode[]): HTMLElement {
  const made = document.createElement('div');
  made.className = 'jp-RenderedHTMLCommon';
  const found = places.flatMap((place) => [...place.querySelectorAll('h3, p, table, img')]);
  found.forEach((part) => {
    if (part instanceof HTMLTableElement) {
      made.append(folded(part) ?? tableLike(part));
    } else if (part instanceof HTMLImageElement) {
      if (part.src.startsWith('data:image/png;base64,')) {
        const picture = document.createElement('img');
        picture.src = part.src;
        picture.alt = shown(part.alt);
        picture.width = Math.min(Number(part.getAttribute('width')) || WIDEST, WIDEST);
        made.append(picture);
      }
    } else if (part.closest('table') === null) {
      made.append(like(part.localName === 'h3' ? 'h3' : 'p', part.textContent));
    }
  });
  return made;
}

/** A table that only its title was seen of, where it is one. */
function folded(table: HTMLTableElement): HTMLElement | null {
  const title = table.closest('details')?.querySelector('summary');
  if (title == null) {
    return null;
  }
  const made = document.createElement('details');
  const summary = document.createElement('summary');
  summary.textContent = shown(title.textContent, true);
  summary.setAttribute('data-lm-suppress-shortcuts', 'true'); // Enter and Space open it, and are no commands
  made.append(summary, tableLike(table));
  return made;
}

function tableLike(table: HTMLTableElement): HTMLElement {
  const made = document.createElement('table');
  for (const row of table.rows) {
    const line = made.insertRow();
    for (const cell of row.cells) {
      const copy = like(cell.localName === 'th' ? 'th' : 'td', cell.textContent);
      copy.colSpan = Math.min(cell.colSpan, 20);
      line.append(copy);
    }
  }
  return made;
}

function like<K extends 'h3' | 'p' | 'td' | 'th'>(tag: K, text: string): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.textContent = shown(text, true);
  return made;
}
