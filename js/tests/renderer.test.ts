// @vitest-environment jsdom
import { describe, expect, it, vi } from 'vitest';

import { isSame } from '../src/hosts/lab/renderer_stored';
import { SNAPSHOT, standBelow, standIn, storedIn } from '../src/hosts/lab/renderer_copy';
import { homesIn } from '../src/hosts/lab/renderer_home';
import { forgetModels, hasModel } from '../src/hosts/lab/renderer_models';

const PNG = 'data:image/png;base64,iVBORw0KGgo=';
const HTML = `<div id="dvl-1" class="dvl-snapshot"><h3>digits &amp; co</h3><p>finished</p>
<table onclick="hit()"><tr><th colspan="4">lowest</th></tr><tr><td>7</td><td><b>&lt;img src=x&gt;</b></td></tr></table>
<img src="${PNG}" width="560" height="120" alt="Histogram" onerror="hit()"></div>
<script type="application/json" class="dvl-snapshot-data" data-for="dvl-1">{"v":1}</script><script>hit()</script>`;
const small = { v: 1, run: 'digits', model: 'abc', summary: '600 points, finished.', share: 'values' };

describe('a stored output', () => {
  it('names the model, and holds the payload in its HTML', () => {
    const stored = storedIn({ [SNAPSHOT]: small, 'text/html': HTML });
    expect([stored.model, stored.payload, stored.summary]).toEqual(['abc', '{"v":1}', small.summary]);
  });

  it('may have its HTML in lines, as a file has it', () => {
    expect(storedIn({ [SNAPSHOT]: small, 'text/html': HTML.split(/(?<=\n)/) }).payload).toBe('{"v":1}');
  });

  it.each([
    ['nothing', {}],
    ['other things', { [SNAPSHOT]: 'text', 'text/html': 7 }],
    ['wrong things', { [SNAPSHOT]: { model: { evil: 1 }, summary: [] }, 'text/html': null }],
  ])('may hold %s', (_, data) => {
    const { model, payload, summary } = storedIn(data);
    expect([model, payload, summary]).toEqual([null, null, '']);
  });
});

describe('an output whose run has only begun', () => {
  const begun = { [SNAPSHOT]: { ...small, payload: null }, 'text/html': '<p>starts</p>' };

  it('is no copy whose data were taken out', () => {
    expect([storedIn(begun).whole, storedIn(begun).payload]).toEqual([false, null]);
    const taken = { [SNAPSHOT]: { ...small, payload: 'text/html' }, 'text/html': '<p>starts</p>' };
    expect([storedIn(taken).whole, storedIn(taken).payload]).toEqual([true, null]);
    expect(storedIn({ [SNAPSHOT]: small, 'text/html': HTML }).whole).toBe(true);
  });

  it('shows another sentence where the sentence is another one', () => {
    const later = { ...begun, 'text/html': '<p>runs</p>' };
    expect(storedIn(later).contents).not.toBe(storedIn(begun).contents);
    const one = storedIn({ [SNAPSHOT]: small, 'text/html': HTML });
    const again = storedIn({
      [SNAPSHOT]: small,
      'text/html': HTML.replace('<p>finished</p>', '<p>done</p>'),
    });
    expect(again.contents).toBe(one.contents); // the payload tells
  });
});

describe('the home of an output', () => {
  const panel = (kind: 'content' | 'console', holds: boolean, resolver: object | null) => ({
    node: { contains: () => holds },
    sessionContext: { kind },
    [kind]: { rendermime: { resolver } },
  });
  const among = (...panels: object[]) => ({
    find: (test: (one: never) => boolean) => panels.find((one) => test(one as never)),
  });
  const kindOf = (notebooks: object, consoles: object | null, resolver: object | null = null) =>
    (
      homesIn(notebooks as never, consoles as never)({} as Node, resolver as never)
        ?.sessionContext as never as {
        kind: string;
      } | null
    )?.kind;

  it('is the notebook or the console that holds it, or whose resolver it has, or none', () => {
    const mine = {};
    expect(kindOf(among(panel('content', true, null)), null)).toBe('content');
    expect(kindOf(among(panel('content', false, mine)), null, mine)).toBe('content');
    expect(kindOf(among(panel('content', false, null)), among(panel('console', true, null)))).toBe('console');
    expect(kindOf(among(panel('content', false, {})), among(), mine)).toBeUndefined();
    expect(kindOf(among(panel('content', false, null)), null)).toBeUndefined();
  });
});

describe('whether a kernel has a model', () => {
  const kernelWith = (...answers: string[][]) => {
    const comms = answers.map((ids) =>
      Object.fromEntries(ids.map((id) => [id, { target_name: 'jupyter.widget' }]))
    );
    const sendControlMessage = vi.fn(() => ({
      done: Promise.resolve({ content: { status: 'ok', comms: comms.shift() ?? {} } }),
    }));
    return { username: '', clientId: '', sendControlMessage };
  };
  const ask = (kernel: object, ...models: string[]) =>
    Promise.all(models.map((model) => hasModel(kernel as never, model)));

  it('is asked once for all that it has, and once more for those that may have come since', async () => {
    const kernel = kernelWith(['a', 'b'], ['a', 'b', 'c']);
    expect(await ask(kernel, 'a', 'b', 'a')).toEqual([true, true, true]);
    expect(kernel.sendControlMessage).toHaveBeenCalledTimes(1);
    expect(await ask(kernel, 'c', 'd')).toEqual([true, false]);
    expect(kernel.sendControlMessage).toHaveBeenCalledTimes(2);
  });

  it('is asked anew when it is another kernel by the same name', async () => {
    const kernel = kernelWith(['a'], []);
    expect(await ask(kernel, 'a')).toEqual([true]);
    forgetModels(kernel as never);
    expect(await ask(kernel, 'a')).toEqual([false]);
  });
});

describe('two bundles', () => {
  const made = (id: string, text: string) => ({
    'text/html': [`<div id="dvl-${id.repeat(32)}">`, `{"made":"2026-11-27T06:48:3${id}"}`, text],
  });

  it('are the same where only the id and the time are others, also from a file', () => {
    expect(isSame(made('a', 'x'), { 'text/html': made('b', 'x')['text/html'].join('') })).toBe(true);
  });

  it('differ by a word, and by being a copy', () => {
    expect(isSame(made('a', 'x'), made('a', 'y'))).toBe(false);
    expect(isSame(made('a', 'x'), { ...made('a', 'x'), [SNAPSHOT]: small })).toBe(false);
  });
});

describe('what stands in for a panel', () => {
  it('is made of the words and the picture of the HTML, and of nothing else', () => {
    const made = standIn(storedIn({ [SNAPSHOT]: small, 'text/html': HTML }));
    expect([...made.children].map((part) => part.localName)).toEqual(['h3', 'p', 'table', 'img']);
    expect([...made.querySelectorAll('th, td')].map((cell) => cell.textContent)).toEqual([
      'lowest',
      '7',
      '<img src=x>',
    ]);
    expect(made.querySelector('th')!.colSpan).toBe(4);
    const picture = made.querySelector('img')!;
    expect([picture.src, picture.alt, picture.width]).toEqual([PNG, 'Histogram', 560]);
    expect(made.outerHTML).not.toMatch(/hit|<script|<b>/);
  });

  it.each(['https://example.org/x.png', 'data:image/svg+xml;base64,PHN2Zz4=', 'javascript:hit()'])(
    'has no picture from %s',
    (src) => {
      const made = standIn(storedIn({ 'text/html': `<p>words</p><img src="${src}">` }));
      expect(made.innerHTML).toBe('<p>words</p>');
    }
  );

  it('leaves below a panel what is not of its points, folded where it was', () => {
    const stored = storedIn({ 'text/html': HTML });
    expect(standBelow(stored)).toBeNull();
    const below = `<div class="dvl-snapshot"><details ontoggle="hit()"><summary>edits of <b>test</b> points: 1</summary>
<table><tr><td>3</td></tr></table></details><p><small>This copy holds them.</small></p></div>`;
    const made = standBelow(storedIn({ 'text/html': HTML + below }))!;
    expect(made.innerHTML).toBe(
      '<details><summary data-lm-suppress-shortcuts="true">edits of test points: 1</summary>' +
        '<table><tbody><tr><td colspan="1">3</td></tr></tbody></table></details><p>This copy holds them.</p>'
    );
  });

  it('is the summary where the HTML was taken out', () => {
    expect(standIn(storedIn({ [SNAPSHOT]: small })).textContent).toBe(small.summary);
  });
});
