/** A sheet over the panel: the list of keys, a traceback. Escape or its button closes it. */

import { h, icon, setAttr, setText, show } from '../dom';
import { CLOSE } from '../icons';
import { Say } from '../words';

export function createSheet(close: () => void) {
  const title = h('h3');
  const body = h('div', { class: 'sheet-body', tabindex: 0 });
  const button = h(
    'button',
    { class: 'button square bare', 'aria-label': Say.close, onclick: () => close() },
    icon(CLOSE)
  );
  const element = h(
    'div',
    { class: 'sheet', role: 'dialog', 'aria-modal': 'false', hidden: true, 'data-testid': 'sheet' },
    h('div', { class: 'sheet-head' }, title, button),
    body
  );
  let open = '';
  return {
    element,
    update(name: string, content: () => Node): void {
      show(element, name !== '');
      if (name !== open) {
        open = name;
        setText(title, name);
        setAttr(element, 'aria-label', name);
        body.replaceChildren(...(name === '' ? [] : [content()]));
        if (name !== '') {
          button.focus({ preventScroll: true });
        }
      }
    },
  };
}

export function keyList(keys: readonly (readonly [string, string])[]): Node {
  const list = h('dl', { class: 'key-list' });
  keys.forEach(([key, words]) =>
    list.append(h('dt', {}, ...key.split(' ').map((k) => h('kbd', {}, k))), h('dd', {}, words))
  );
  return list;
}

export function traceback(text: string): Node {
  return h('pre', { class: 'traceback' }, text);
}
