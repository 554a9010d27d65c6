/** The button that values the points with their edits, and the column of the values before. */

import STYLE from '../../style/parts/again.css';
import { h, setAttr } from '../dom';
import { array, integer } from '../read';
import { AS_USUAL, showColumn } from './columns/arrange';
import { guarded } from './guarded';
import type { Hub, Part, PartMessage } from './part';
import { WORDS } from './again/words';

const NAME = 'again';
const ID = 'before';

export function makeAgain({ source, set }: Hub): Part {
  let waiting = 0;
  let before: PartMessage | null = null;
  /** The panel was painted: only then can its state be changed. */
  let stands = false;
  const button = h(
    'button',
    { class: 'button again', 'data-testid': 'value-again', onclick: () => source.ask(NAME, { do: 'value' }) },
    WORDS.value
  );
  const stops = [source.hear(NAME, take), source.subscribe(() => guarded(source, put))];

  function take(message: PartMessage): void {
    guarded(source, () => {
      if (message.kind === 'waiting') {
        waiting = integer(message.body, 'waiting');
        paint();
      } else {
        before = message;
        put();
      }
    });
  }

  /** What came before the points did, or before the panel stands, waits for them. */
  function put(): void {
    const { points } = source;
    if (points === null || before === null || !stands) {
      return;
    }
    const { body, buffers } = before;
    before = null;
    if (body.values === null) {
      // the first values, or values as another semivalue, which those before do not compare with
      if (points.extra.delete(ID)) {
        source.tell('values');
      }
      return;
    }
    const values = array(body.values, 'f4', buffers, points.n, ID);
    const data = { kind: 'number', values } as const;
    points.extra.set(ID, { id: ID, name: WORDS.before, tip: WORDS.beforeTip, data });
    set((s) => {
      const given = s.columns ?? AS_USUAL;
      return `x:${ID}` in given.shown ? s : { ...s, columns: showColumn(given, `x:${ID}`, true) };
    });
    source.tell('values');
  }

  function paint(): void {
    const state = source.points?.status.state ?? '';
    const busy = state === 'running' || state === 'paused';
    button.disabled = waiting === 0 || busy;
    setAttr(button, 'title', busy && waiting > 0 ? WORDS.over : WORDS.valueTip(waiting));
  }

  paint();
  return {
    deeds: [button],
    style: STYLE,
    paint() {
      stands = true;
      guarded(source, put);
      paint();
    },
    end: () => stops.forEach((stop) => stop()),
  };
}
