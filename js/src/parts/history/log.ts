/** Fills the sheet of the history: lists every edit, goes back to one, hands the log to other programs. */

import { h, setText, show } from '../../dom';
import { plain } from '../../format';
import STYLE from '../../../style/parts/history.css';
import type { HistoryHost } from '../history';
import { after, moment, said, withPage, type Change, type Entry, type Page } from './page';
import { WORDS } from './words';

export type Form = 'code' | 'csv' | 'json';

export interface LogActions {
  older(before: number): void;
  backTo(number: number): void;
  focus(row: number): void;
  /** Asks for the log in a form, to be copied or saved. */
  take(form: Form, how: 'copy' | 'download'): void;
}

export function createLog(actions: LogActions, { sheet: element, close, reading: none, worth }: HistoryHost) {
  const form = h(
    'select',
    { class: 'field', 'aria-label': WORDS.exportAs, 'data-testid': 'export-form' },
    ...Object.entries(WORDS.forms).map(([value, name]) => h('option', { value }, name))
  );
  const take = (how: 'copy' | 'download') => () => actions.take(form.value as Form, how);
  const told = h('span', { class: 'muted', role: 'status', 'data-testid': 'export-told' });
  const row = h(
    'div',
    { class: 'log-export' },
    h('span', {}, WORDS.exportAs),
    form,
    h('button', { class: 'button small', 'data-testid': 'export-copy', onclick: take('copy') }, WORDS.copy),
    h(
      'button',
      { class: 'button small', 'data-testid': 'export-download', onclick: take('download') },
      WORDS.download
    ),
    told
  );
  const shown = h('pre', { class: 'traceback export-text', tabindex: 0, hidden: true });
  const list = h('ol', { class: 'log-list', 'data-testid': 'log-list' });
  const start = h('button', {
    class: 'button small',
    onclick: () => actions.backTo(0),
  });
  const older = h('button', { class: 'button small', onclick: () => actions.older(last) }, WORDS.older);
  const body = none.parentElement!;
  body.before(row);
  body.append(shown, list, h('div', { class: 'button-row' }, older, start));
  element.append(h('style', {}, STYLE));
  let edits: Entry[] = [];
  let more = false;
  let last = 0;

  function page(now: Page): void {
    const [all, stale] = withPage(edits, now);
    edits = all;
    last = edits.at(-1)?.number ?? 0;
    if (stale) {
      actions.older(now.edits.at(-1)!.number);
    } else {
      more = now.more;
    }
    const later = after(edits);
    const held = list.contains((element.getRootNode() as Partial<ShadowRoot>).activeElement ?? null);
    list.replaceChildren(...edits.map((entry) => item(entry, later.get(entry.number)!)));
    if (held) {
      close.focus({ preventScroll: true }); // the button that was pressed is gone: the keys stay here
    }
    setText(none, WORDS.none);
    show(none, edits.length === 0);
    show(older, more);
    const standing = edits.filter((entry) => entry.inForce).length;
    setText(start, WORDS.start);
    start.title = WORDS.startTip(standing);
    show(start, standing > 0 && !more);
  }

  function item(entry: Entry, later: number): HTMLElement {
    const { number, op, at, who, why, inForce, points, rows } = entry;
    const when = h('time', { datetime: at, title: at }, moment(at));
    return h(
      'li',
      { 'data-testid': 'log-entry', 'data-number': number, 'data-in-force': String(inForce) },
      h(
        'div',
        { class: 'log-head' },
        h('span', { class: 'log-what' }, `${number}. ${WORDS.did(op, points)}`),
        h('span', { class: 'muted' }, who, who === '' ? '' : ' · ', when),
        inForce ? null : h('span', { class: 'log-undone' }, WORDS.undone),
        inForce && later > 0
          ? h(
              'button',
              {
                class: 'button small',
                title: WORDS.backTip(later),
                'data-testid': 'log-back',
                onclick: () => actions.backTo(number),
              },
              WORDS.back
            )
          : null
      ),
      why === '' ? null : h('p', { class: 'log-why' }, why),
      h('ul', {}, ...rows.map((row) => line(row))),
      points > rows.length ? h('p', { class: 'muted' }, WORDS.more(points - rows.length)) : null
    );
  }

  function line({ row, id, field, old, now, value, from }: Change): HTMLElement {
    const name = WORDS.point(id);
    return h(
      'li',
      {},
      row === null
        ? h('span', {}, name)
        : h('button', { class: 'log-point', onclick: () => actions.focus(row) }, name),
      ' ',
      h('s', {}, said(field, old)),
      h('span', { class: 'arrow' }, ' → '),
      h('span', { class: 'accent' }, said(field, now)),
      value === null ? null : h('span', { class: 'muted' }, ` · ${WORDS.then(worth, plain(value))}`),
      from === '' ? null : h('span', { class: 'muted' }, ` · ${from}`)
    );
  }

  return {
    element,
    row,
    page,
    clear(): void {
      edits = [];
      list.replaceChildren();
      show(start, false);
      show(older, false);
      show(shown, false);
      setText(told, '');
    },
    /** `text`: to be read where it could not be copied. */
    tell(words: string, text = ''): void {
      setText(told, words);
      setText(shown, text);
      show(shown, text !== '');
    },
  };
}
