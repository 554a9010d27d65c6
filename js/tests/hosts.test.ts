// @vitest-environment jsdom
import { describe, expect, it, vi } from 'vitest';

import influence from '../src/hosts/influence';
import widget from '../src/hosts/widget';
import { themeOf } from '../src/theme';
import { FakeKernel } from './harness/kernel.mjs';
import { makeRun } from './harness/frames.mjs';
import { onAPage } from './page';

onAPage();

/** A model as the oldest host gives it: what AFM promises, and nothing that a later one added. */
function plainModel(kernel: FakeKernel) {
  return {
    get: (name: string): unknown => kernel.get(name),
    on: (event: string, tell: never): void => kernel.on(event, tell),
    off: (event: string): void => kernel.off(event),
    send: (content: { t: string }): void => kernel.send(content),
  };
}

describe('a page that is no JupyterLab', () => {
  it.each([
    ['neither calls initialize nor gives a signal', false, false],
    ['gives a signal but does not call initialize', false, true],
    ['calls initialize without a signal', true, false],
  ])('shows the panel when its host %s', async (_, initializes, signals) => {
    const kernel = new FakeKernel(makeRun({ n: 30 }));
    const made = widget();
    const model = plainModel(kernel) as never;
    const el = document.body.appendChild(document.createElement('div'));
    const abort = new AbortController();
    const leave = initializes ? made.initialize({ model }) : null;
    const close = made.render({ model, el, ...(signals ? { signal: abort.signal } : {}) });
    await vi.advanceTimersByTimeAsync(400);
    const root = el.querySelector('[data-dvl-panel]')!.shadowRoot!;
    expect(root.querySelector('[data-testid=footer-shown]')!.textContent).toBe('30 of 30 shown');
    if (signals) {
      abort.abort();
    } else {
      close();
    }
    expect(el.childElementCount).toBe(0);
    leave?.();
  });

  it.each([
    ['widget.ts', widget],
    ['influence.ts', influence],
  ])('%s gives a function that makes initialize and render', (_, module) => {
    expect(Object.keys(module()).sort()).toEqual(['initialize', 'render']);
  });
});

describe('the theme', () => {
  it.each([
    ['JupyterLab', 'body', { 'data-jp-theme-light': 'false' }, 'dark'],
    ['VS Code', 'body', { 'data-vscode-theme-kind': 'vscode-high-contrast' }, 'dark'],
    ['VS Code', 'body', { 'data-vscode-theme-kind': 'vscode-high-contrast-light' }, 'light'],
    ['Colab', 'html', { theme: 'dark' }, 'dark'],
    ['marimo', 'body', { class: 'dark dark-theme', 'data-theme': 'dark' }, 'dark'],
    ['marimo', 'body', { class: 'light light-theme', 'data-theme': 'light' }, 'light'],
  ])('of %s is read from its %s and not from the system', (_, where, marks, theme) => {
    const page = document.implementation.createHTMLDocument();
    const system = { matches: theme === 'light' };
    const matchMedia = (query: string) => (query.includes('forced') ? { matches: false } : system);
    Object.defineProperty(page, 'defaultView', { value: { matchMedia } });
    const element = where === 'body' ? page.body : page.documentElement;
    expect(themeOf(page)).toBe(theme === 'light' ? 'dark' : 'light');
    Object.entries(marks).forEach(([name, value]) => element.setAttribute(name, value));
    expect(themeOf(page)).toBe(theme);
  });

  it('is the system’s where its colours are forced upon every page', () => {
    const page = document.implementation.createHTMLDocument();
    Object.defineProperty(page, 'defaultView', { value: { matchMedia: () => ({ matches: true }) } });
    page.body.setAttribute('data-jp-theme-light', 'true');
    expect(themeOf(page)).toBe('dark');
  });
});
