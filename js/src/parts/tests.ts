/** The card of doubtful test points: found by one fit when somebody asks, edited by the same keys in a log of their own. */

import { h, setAttr, setText, show } from '../dom';
import type { ExtraColumn, Points } from '../points';
import { text } from '../read';
import STYLE from '../../style/parts/tests.css';
import { guarded } from './guarded';
import type { MakeLate } from './later';
import type { PartMessage } from './part';
import { createEdited } from './tests/edited';
import { createList } from './tests/list';
import { readDoubts, type Doubts } from './tests/read';
import { WORDS } from './tests/words';

export const makeTests: MakeLate = (hub, kit) => {
  const { source } = hub;
  let points: Points | null = null;
  let found: Doubts | null = null;
  let refusal: string | null = '';
  let state = '';
  let why = '';
  let open = true;

  const edited = createEdited(hub, kit, {
    points: () => points,
    order: () => Uint32Array.from(found?.list ?? [], ({ row }) => row),
    reveal: (row) => list.reveal(row),
    paint,
  });
  const list = createList((row) => edited.choose(row), kit.createMarks);
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
    edited.element
  );
  for (const place of [element, ...edited.overlays]) {
    place.addEventListener('keydown', (event) => {
      if (open) {
        edited.press(event, list.element);
      }
    });
  }

  function hear(message: PartMessage): void {
    guarded(source, () => {
      const { kind, body } = message;
      if (kind === 'about') {
        refusal = body.possible === true ? null : text(body, 'why');
      } else if (kind === 'looks') {
        [state, why] = [text(body, 'state'), text(body, 'why')];
      } else if (kind === 'list') {
        take(message);
      }
      paint();
    });
  }

  function take(message: PartMessage): void {
    const [now, doubts] = readDoubts(message);
    const extra = points?.n === now.n ? points.extra : new Map<string, ExtraColumn>();
    points = { ...now, extra } as Points; // a test point has no value: what is asked of it is here
    found = doubts;
    if (!doubts.list.some(({ row }) => row === edited.focus)) {
      edited.choose(doubts.list[0]?.row ?? -1);
    }
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
    if (points !== null && found !== null) {
      const { focus } = edited;
      list.update(points, found, focus);
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
