// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';

import { isSame } from '../src/hosts/lab/renderer_stored';
import { SNAPSHOT, standBelow, standIn, storedIn } from '../src/hosts/lab/renderer_copy';

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
