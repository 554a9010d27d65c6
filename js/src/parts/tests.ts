/** The card of doubtful test points: found by one fit when somebody asks, edited by the same keys in a log of their own. */

import { h, setAttr, setText, show } from '../dom';
import type { ExtraColumn, Points } from '../points';
import { text } from '../read';
import STYLE from '../../style/parts/tests.css';
import { tabbed } from './columns/tsv';
import { copied } from './clipboard';
import { download } from './download';
import { guarded } from './guarded';
import type { MakePart, PartMessage } from './part';
import { createEdited } from './tests/edited';
import { createList } from './tests/list';
import { readDoubts, readRows, type Doubts } from './tests/read';
import { tableOf } from './tests/table';
import { WORDS } from './tests/words';
import { commas } from './view/rows';

export const makeTests: MakePart = (hub) => {
  const { source } = hub;
  let points: Points | null = null;
  let found: Doubts | null = null;
  let refusal: string | null = '';
  let state = '';
  let why = '';
  let open = true;
  /** What this page selected last, until it comes back: a slow kernel's earlier word takes nothing back. */
  let unheard = '';

  const edited = createEdited(hub, {
    points: () => points,
    order: () => Uint32Array.from(found?.list ?? [], ({ row }) => row),
    reveal: (row) => list.reveal(row),
    paint,
    selected: (rows) => (unheard = source.ask(WORDS.name, { do: 'select', rows })),
  });
  const list = createList(edited.picks);
  const small = (words: string, tip: string, testid: string, onclick: () => void): HTMLElement =>
    h('button', { class: 'button small', title: tip, 'data-testid': testid, onclick }, words);
  const told = h('span', { class: 'muted', role: 'status', 'data-testid': 'test-copied' });
  const chosen = h('span', { 'data-testid': 'test-selected' });
  const clear = h(
    'button',
    { class: 'link', title: WORDS.clearTip, onclick: () => edited.clear() },
    WORDS.clear
  );
  const take = h(
    'div',
    { class: 'button-row doubt-take' },
    small(WORDS.copy, WORDS.copyTip, 'test-copy', () => void copy()),
    small(WORDS.csv, WORDS.csvTip, 'test-csv', () => {
      download('test-points.csv', new Blob([commas(table())], { type: 'text/csv;charset=utf-8' }));
    }),
    h('span', {}, chosen, ' ', clear),
    told
  );
  const ask = (): void => {
    open = true;
    source.ask(WORDS.name, { do: 'look' });
  };
  const button = h('button', {
    class: 'button small',
    'data-testid': 'test-look',
    onclick: () => {
      if (found === null) {
        ask();
      } else {
        open = !open;
        paint();
      }
    },
  });
  const again = h('button', { class: 'link', title: WORDS.lookTip, onclick: ask }, WORDS.again);
  const title = h('span', {}, WORDS.title);
  const sentence = h('span');
  const said = h('p', { class: 'muted', role: 'status', 'data-testid': 'test-said' }, sentence, ' ', again);
  const element = h(
    'section',
    { class: 'card doubt-card', 'data-testid': 'test-card' },
    h('h3', { title: WORDS.titleTip }, title, button),
    said,
    list.element,
    take,
    edited.element
  );
  for (const place of [element, ...edited.overlays]) {
    place.addEventListener('keydown', (event) => {
      if (open && copies(event)) {
        event.preventDefault();
        void copy();
      } else if (open) {
        edited.press(event, list.element);
      }
    });
  }

  function copies({ key, ctrlKey, metaKey, shiftKey, target }: KeyboardEvent): boolean {
    const none = (document.getSelection()?.toString() ?? '') === '';
    return (
      (ctrlKey || metaKey) &&
      !shiftKey &&
      key.toLowerCase() === 'c' &&
      list.element.contains(target as Node) &&
      none
    );
  }

  /** The selected points; all that are listed where none is. */
  function table(): string[][] {
    const { selected } = edited.state;
    const all = found?.list ?? [];
    const some = selected.size === 0 ? all : all.filter(({ row }) => selected.has(row));
    return points === null ? [] : tableOf(points, some, found?.neighbours ?? 0);
  }

  async function copy(): Promise<void> {
    const lines = table();
    setText(told, (await copied(tabbed(lines))) ? WORDS.copied(lines.length - 1) : WORDS.notCopied);
    setTimeout(() => setText(told, ''), 4000);
  }

  function hear(message: PartMessage): void {
    guarded(source, () => {
      const { kind, body } = message;
      if (kind === 'about') {
        unheard = ''; // what was asked before may be lost; the selection as it is comes with the list
        refusal = body.possible === true ? null : text(body, 'why');
      } else if (kind === 'looks') {
        [state, why] = [text(body, 'state'), text(body, 'why')];
      } else if (kind === 'list') {
        learn(message);
      } else if (kind === 'selection' && (unheard === '' || message.request === unheard)) {
        unheard = '';
        edited.adopt(readRows(body));
      }
      paint();
    });
  }

  function learn(message: PartMessage): void {
    const [now, doubts] = readDoubts(message);
    const extra = points?.n === now.n ? points.extra : new Map<string, ExtraColumn>();
    const ids: string[] = [];
    doubts.list.forEach(({ row, id }) => (ids[row] = id));
    points = { ...now, ids, extra } as unknown as Points; // a test point has no value: what is asked of it is here
    found = doubts;
    edited.adopt(edited.state.selected);
    edited.renew();
  }

  function paint(): void {
    const looking = state === 'looking';
    const shown = open && found !== null;
    show(element, refusal !== '');
    const first = found === null && refusal === null && !looking;
    show(title, !first); // one line, until somebody asks
    show(button, first || (refusal === null && found !== null));
    setText(button, found === null ? WORDS.look : open ? WORDS.hide : WORDS.show(found.doubted));
    setAttr(button, 'title', found === null ? WORDS.lookTip : null);
    setAttr(button, 'aria-expanded', found === null ? null : String(open));
    const words = looking
      ? WORDS.looking
      : [state === 'failed' ? why : '', refusal ?? '', shown ? WORDS.found(found!) : '']
          .filter(Boolean)
          .join(' ');
    setText(sentence, words);
    show(said, words !== '');
    show(again, shown && !looking);
    const listed = shown && found!.list.length > 0;
    show(list.element, listed);
    show(take, listed);
    if (points !== null && found !== null) {
      const { focus, selected } = edited.state;
      setText(chosen, selected.size > 0 ? WORDS.selected(selected.size) : '');
      show(chosen.parentElement!, selected.size > 0);
      list.update(points, found, edited.state);
      edited.update(points, found.list.find(({ row }) => row === focus)?.id ?? String(focus));
    }
    show(edited.element, listed);
  }

  paint();
  const stop = source.hear(WORDS.name, hear);

  return {
    overview: [element],
    overlays: edited.overlays,
    style: STYLE,
    end() {
      stop();
      edited.end();
    },
  };
};
