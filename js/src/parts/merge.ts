/** The button that loads a file of edits into the history: what it would change comes first, then the merge. */

import { h } from '../dom';
import { shown } from '../shown';
import type { PartMessage } from './part';
import { readAnswer, type Answer, type Preview } from './merge/read';
import { MOST_BYTES, pieces, textOf } from './merge/file';
import { createBox } from './merge/view';
import { WORDS } from './merge/words';
import STYLE from '../../style/parts/merge.css';

/** Time after which Python is said to be slow (ms). */
const PATIENCE = 6_000;

/** The sheet of the history, see edits/log.ts. */
export interface Drawer {
  readonly element: HTMLElement;
  /** The line of exports. */
  readonly row: HTMLElement;
  tell(words: string): void;
}

/** Hears what Python says to the part. */
export type Merge = (message: PartMessage) => void;

/** `ask`: sends a command to the part's other half; `said`: a content of a field in words. */
export type MakeMerge = (
  drawer: Drawer,
  ask: (body: Readonly<Record<string, unknown>>) => unknown,
  said: (field: string, item: string | boolean) => string
) => Merge;

export const makeMerge: MakeMerge = (drawer, ask, said) => {
  const { element, row } = drawer;
  /** The file in hand; what is said of another one is old. */
  let token = '';
  let name = '';
  let parts: readonly string[] = [];
  let preview: Preview | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let serial = 0;
  const mine = Math.random().toString(36).slice(2, 10);

  const input = h('input', {
    type: 'file',
    accept: '.jsonl,.json',
    hidden: true,
    'data-testid': 'merge-file',
    onchange: () => {
      const [file] = input.files ?? [];
      if (file !== undefined) {
        void load(file);
      }
      input.value = ''; // the same file may be chosen again
    },
  });
  const button = h(
    'button',
    {
      class: 'button small merge-open',
      title: WORDS.openTip,
      'data-testid': 'merge-open',
      onclick: () => input.click(),
    },
    WORDS.open
  );
  const box = createBox({
    merge(prefer) {
      box.busy(WORDS.merging);
      ask({ do: 'merge', file: token, prefer });
      expect();
    },
    close: () => close(),
    said,
  });

  /** What was loaded is let go; the keys go back to where they came from. */
  function close(words = ''): void {
    if (token !== '') {
      ask({ do: 'discard', file: token });
    }
    forget();
    const held = box.holdsFocus();
    box.hide();
    drawer.tell(words);
    if (held) {
      button.focus({ preventScroll: true });
    }
  }

  function forget(): void {
    clearTimeout(timer);
    token = '';
    parts = [];
    preview = null;
  }

  function expect(): void {
    clearTimeout(timer);
    timer = setTimeout(() => box.late(WORDS.late), PATIENCE);
  }

  async function load(file: File): Promise<void> {
    forget();
    drawer.tell('');
    name = shown(file.name);
    serial += 1;
    const own = (token = `${mine}-${serial}`);
    box.busy(WORDS.reading(name, 0));
    const read = file.size > MOST_BYTES ? WORDS.tooLarge(name, file.size) : await textOf(file, name);
    if (token !== own) {
      return; // another one was chosen meanwhile
    }
    if (typeof read === 'string') {
      refuse(read);
    } else {
      parts = pieces(read.text);
      send(0);
    }
  }

  function send(at: number): void {
    ask({ do: 'piece', file: token, name, at, of: parts.length, text: parts[at] });
    box.busy(WORDS.reading(name, at / parts.length));
    expect();
  }

  function refuse(why: string): void {
    forget();
    box.refuse(why);
  }

  function hear(answer: Answer): void {
    clearTimeout(timer);
    switch (answer.state) {
      case 'more':
        return send(answer.next);
      case 'preview':
        parts = [];
        preview = answer;
        return box.preview(preview);
      case 'failed': // it is still there
        return preview === null ? refuse(answer.why) : box.preview(preview, answer.why);
      case 'refused':
        return refuse(answer.why);
      case 'merged':
        forget();
        return close(WORDS.merged(answer.count, name));
    }
  }

  const carries = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true;
  const over = (is: boolean): boolean => element.toggleAttribute('data-dropping', is);
  element.addEventListener('dragover', (event) => {
    if (carries(event)) {
      event.preventDefault();
      over(true);
    }
  });
  element.addEventListener('dragleave', (event) => {
    if (!element.contains(event.relatedTarget as Node | null)) {
      over(false);
    }
  });
  element.addEventListener('drop', (event) => {
    const file = event.dataTransfer?.files[0];
    over(false);
    if (carries(event) && file !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      void load(file);
    }
  });
  row.append(button, input);
  row.after(box.element);
  element.append(h('style', {}, STYLE));

  return ({ kind, body }) => {
    if (kind === 'merge' && token !== '' && body.file === token) {
      hear(readAnswer(body));
    }
  };
};
