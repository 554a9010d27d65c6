/** As which semivalue the values are shown, in the sheet of the export: one is, any may stand beside it as a column. */

import { h } from '../../dom';
import { list, record, text, type Json } from '../../read';
import type { Hub, PartMessage } from '../part';
import { WORDS } from './words';

export const SEMIVALUE = 'semivalue';

interface Method {
  readonly name: string;
  readonly good: boolean;
}

function readMethods(m: Json): Method[] {
  return list(m, 'methods').map((item) => {
    const one = record(item, 'One of the methods');
    return { name: text(one, 'name'), good: one.good === true };
  });
}

/** `done`: what was asked for is there, with the column that came, if one did. */
export function createSemivalues({ source }: Hub, done: (column: string | null) => void) {
  const element = h('div', { class: 'view-as', 'data-testid': 'export-methods' });
  let wanted = '';
  const ask = (deed: string, name?: string) => {
    wanted = source.ask(SEMIVALUE, { do: deed, ...(name === undefined ? {} : { name }) });
  };
  const button = (words: string, tip: string, testid: string, onclick: () => void) =>
    h('button', { class: 'button small', title: tip, 'data-testid': testid, onclick }, words);

  function offer(found: readonly Method[], shown: string): void {
    element.replaceChildren(
      ...found.flatMap(({ name, good }) => {
        const one = button(good ? name : WORDS.asBad(name), WORDS.asTip, `as-${name}`, () => {
          ask('switch', name);
        });
        one.setAttribute('aria-pressed', String(name === shown));
        const beside = button(WORDS.beside, WORDS.besideTip(name), `beside-${name}`, () => {
          ask('column', name);
        });
        beside.hidden = name === shown;
        return [one, beside];
      }),
      found.length === 0 ? WORDS.asNone : ''
    );
  }

  return {
    element,
    /** The sheet is opened: what is there is asked for. */
    open(): void {
      element.replaceChildren(WORDS.loading);
      ask('methods');
    },
    hear: ({ kind, body, request }: PartMessage): void => {
      if (request !== wanted) {
        return;
      }
      if (kind === 'methods') {
        offer(readMethods(body), text(body, 'shown'));
      } else {
        done(kind === 'column' ? text(body, 'name') : null);
      }
    },
  };
}
