import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));
/** Ways by which a text becomes markup, code or an address. */
const WAYS =
  /\b(?:inner|outer)HTML|insertAdjacentHTML|setHTML|createContextualFragment|document\.write|\beval\b|new Function|\bFunction\(|srcdoc|javascript:|setAttribute\(\s*['"`](?:on|href|src|style)|DOMParser|adoptNode|importNode|set(?:Timeout|Interval)\(\s*['"`]|createElement(?:NS)?\([^)]*['"`](?:script|iframe|object|embed|a|base|link|meta)['"`]|\bh\(\s*['"`](?:script|iframe|object|embed|a|base|link|meta|img|form)['"`]|localStorage|import\(/;
/** The renderer of stored outputs reads HTML without showing it; a file is made here; our own code comes by the comm; a form goes nowhere; a shared copy is shut in a frame that has no origin. */
const KNOWN = [
  `hosts/lab/renderer_copy.ts: return (parsed ??= new DOMParser().parseFromString(htmlIn(data), 'text/html'));`,
  `parts/download.ts: const link = h('a', { href: url, download: name });`,
  `parts/module.ts: const script: HTMLScriptElement & { made?: Late } = h('script');`,
  `parts/module.ts: return ((await import(url)) as { default: Late }).default;`,
  `views/notice.ts: element.replaceChildren(h('iframe', { sandbox: 'allow-scripts', srcdoc: page, title: name }));`,
  `views/relabel.ts: h('form', { class: 'relabel-form', onsubmit: (event: Event) => submit(event) }, field, apply, drop)`,
];

function found(line: string): boolean {
  return WAYS.test(line) && !/^\s*(?:\*|\/\/|\/\*)/.test(line);
}

it('no text becomes markup, code or an address anywhere in our source', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts')
  );
  expect(files.length).toBeGreaterThan(80);
  const lines = files.flatMap((file) =>
    readFileSync(SRC + file, 'utf8')
      .split('\n')
      .filter(found)
      .map((line) => `${file.replaceAll('\\', '/')}: ${line.trim()}`)
  );
  expect(lines.sort()).toEqual([...KNOWN].sort());
});

it.each([
  'box.innerHTML = name;',
  'element.insertAdjacentHTML("beforeend", x)',
  'document.write(x)',
  'eval(x)',
  'new Function(x)',
  'frame.srcdoc = x',
  "link.setAttribute('href', x)",
  "element.setAttribute('onclick', x)",
  "h('a', { href: x })",
  "document.createElement('script')",
  "setTimeout('x()', 1)",
  'import(url)',
])('finds %s', (line) => expect(found(line)).toBe(true));
