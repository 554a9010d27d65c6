// @vitest-environment jsdom

import { afterEach, expect, it } from 'vitest';

import { passOnSave } from '../src/save_key';

afterEach(() => {
  delete document.body.dataset.vscodeThemeKind;
  document.body.replaceChildren();
});

/** What becomes of a key: whether it goes on itself, whether the browser is kept from it, what is heard in its place. */
function pressed(init: KeyboardEventInit): [on: boolean, kept: boolean, instead: string[]] {
  const host = document.body.appendChild(document.createElement('div'));
  const heard: string[] = [];
  const listen = ({ type, key }: KeyboardEvent) => void heard.push(`${type} ${key}`);
  document.body.addEventListener('keydown', listen);
  document.body.addEventListener('keyup', listen);
  const event = new KeyboardEvent('keydown', { cancelable: true, ...init });
  const on = passOnSave(event, host);
  document.body.removeEventListener('keydown', listen);
  document.body.removeEventListener('keyup', listen);
  return [on, event.defaultPrevented, heard];
}

it('saves the notebook, not the page', () => {
  const instead = ['keydown s', 'keyup s'];
  expect(pressed({ key: 's', ctrlKey: true })).toEqual([false, true, instead]);
  expect(pressed({ key: 's', metaKey: true })).toEqual([false, true, instead]);
  expect(pressed({ key: 's' })).toEqual([false, false, []]);
});

it('leaves the private window to the browser, and the list of commands to VS Code', () => {
  const commands = { key: 'P', ctrlKey: true, shiftKey: true };
  expect(pressed(commands)).toEqual([false, false, []]);
  document.body.dataset.vscodeThemeKind = 'vscode-dark';
  expect(pressed(commands)).toEqual([true, false, []]);
  expect(pressed({ key: 's', ctrlKey: true })).toEqual([true, false, []]);
  expect(pressed({ key: 'p', ctrlKey: true })).toEqual([false, false, []]);
});
