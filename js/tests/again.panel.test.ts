// @vitest-environment jsdom
/** A page loaded anew after "value again": what Python kept of the table and the column of the values before. */

import { expect, it } from 'vitest';

import widget from '../src/hosts/widget';
import { FakeKernel } from './harness/kernel.mjs';
import { full, makeRun } from './harness/frames.mjs';
import { onAPage, wait } from './page';

onAPage();

it.each([
  ['before the points', [0, 1, 2]],
  ['with the points between them', [0, 2, 1]],
] as const)('keeps the order that Python kept, with the values before beside it, %s', async (_, order) => {
  const run = makeRun({ n: 20 });
  const kernel = new FakeKernel(run, { silent: true });
  const el = document.body.appendChild(document.createElement('div'));
  const made = widget();
  made.initialize({ model: kernel });
  made.render({ model: kernel, el });
  const part = (name: string, kind: string, body: object, buffers: DataView[] = []): void =>
    kernel.post({ v: 1, t: 'part', part: name, kind, request: null, ...body }, buffers);
  const messages = [
    // as Python says them, in this order (widgets/panel.py)
    () =>
      part('view', 'arrangement', {
        arrangement: {
          sort: [['label', true]],
          columns: { order: [], shown: {}, width: { label: 211 }, pinned: [] },
          gallery: false,
        },
      }),
    () =>
      part('again', 'before', { values: { b: 0, d: 'f4', n: 20 } }, [
        new DataView(new Float32Array(20).buffer),
      ]),
    () => kernel.post(...full(run, 1)),
  ];
  for (const at of order) {
    messages[at]!();
    await wait(at === 2 ? 400 : 20);
  }
  await wait(400);
  const root = el.querySelector('[data-dvl-panel]')!.shadowRoot!;
  expect(root.querySelector('[data-testid="sort-x:before"]')).not.toBeNull();
  const head = root.querySelector('[data-testid="sort-label"]')!.closest('[aria-sort]');
  expect(head?.getAttribute('aria-sort')).toBe('descending');
  expect(
    root.querySelector<HTMLElement>('[data-testid="table"]')!.style.getPropertyValue('--columns')
  ).toContain('211px');
  const sent = (kernel.log as { do?: string; arrangement?: { sort: unknown } }[]).filter(
    (command) => command.do === 'arrangement'
  );
  expect(sent.map(({ arrangement }) => arrangement!.sort)).toEqual(sent.map(() => [['label', true]]));
});
