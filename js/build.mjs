// Builds the anywidget modules (an ESM file each) and the viewer of saved pages (one IIFE file). Nothing third-party
// goes in.
import { build, transform } from 'esbuild';
import { readFile } from 'node:fs/promises';

import * as often from './src/often.mjs';
import { packed, shortVariables } from './pack.mjs';

const dev = process.argv.includes('--dev');
/**
 * `import text from 'x.css'`: the style sheet, minified and packed, as a string for a shadow root. `alone`: no other sheet
 * uses its variables, so their names can be short, too.
 */
const cssText = (alone) => ({
  name: 'css-text',
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, 'utf8'), { loader: 'css', minify: !dev });
      return dev
        ? { contents: code, loader: 'text' }
        : { contents: `export default ${packed(alone ? shortVariables(code) : code)}`, loader: 'js' };
    });
  },
});

/**
 * What only a live panel does is left out of the viewer. LIVE is written out as false in every file: a constant of
 * another module would drop what is behind it, but not the modules that only this imports.
 */
const withoutLive = (source) => {
  const without = source.replace(/^import \{ LIVE \} from '[./]+here';$/m, '');
  return without === source ? source : without.replace(/\bLIVE\b/g, 'false');
};

/** Short texts that stand in every view: each is a constant of its bundle (js/src/often.mjs), not a text again. */
const withConstants = (source) =>
  Object.entries(often).reduce(
    (code, [name, text]) =>
      code.replaceAll(new RegExp(`(case )?'${text}'(:?)`, 'g'), (_, branch, colon) =>
        branch ? `case ${name}:` : colon ? `[${name}]:` : name
      ),
    source
  );

const sources = (change) => ({
  name: 'sources',
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]js[/\\]src[/\\].*\.ts$/ }, async ({ path }) => ({
      contents: change(withConstants(await readFile(path, 'utf8'))),
      loader: 'ts',
    }));
  },
});

/** V8 compiles all functions while it loads the module, beside the page: else each is when it is called first, in the first frame. */
const EAGER = { js: '//# allFunctionsCalledOnLoad' };

/** Names that our objects have, and neither a message nor the browser's objects: a saved page need not spell them out. */
const OURS = /^(element|derived)$/;

const common = {
  plugins: [cssText(false), sources((source) => source)],
  inject: ['js/src/often.mjs'],
  bundle: true,
  minify: !dev,
  banner: EAGER,
  sourcemap: dev ? 'inline' : false,
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'inline',
  logLevel: 'warning',
  outdir: 'dvlwidgets/static',
  metafile: true,
};

const outputs = [
  await build({ ...common, entryPoints: { widget: 'js/src/hosts/widget.ts' }, format: 'esm' }),
  await build({ ...common, entryPoints: { influence: 'js/src/hosts/influence.ts' }, format: 'esm' }),
  await build({ ...common, entryPoints: { whatif: 'js/src/hosts/whatif.ts' }, format: 'esm' }),
  await build({ ...common, entryPoints: { tests: 'js/src/hosts/tests.ts' }, format: 'esm' }),
  await build({ ...common, entryPoints: { view: 'js/src/hosts/view.ts' }, format: 'esm' }),
  await build({ ...common, entryPoints: { table: 'js/src/hosts/table.ts' }, format: 'esm' }),
  await build({ ...common, entryPoints: { merge: 'js/src/hosts/merge.ts' }, format: 'esm' }),
  await build({ ...common, entryPoints: { around: 'js/src/hosts/around.ts' }, format: 'esm' }),
  await build({ ...common, entryPoints: { previews: 'js/src/hosts/previews.ts' }, format: 'esm' }),
  await build({ ...common, entryPoints: { pictures: 'js/src/hosts/pictures.ts' }, format: 'esm' }),
  await build({
    ...common,
    entryPoints: { viewer: 'js/src/hosts/page.ts' },
    format: 'iife',
    banner: {},
    plugins: [cssText(true), sources(withoutLive)],
    mangleProps: OURS,
  }),
];

for (const input of outputs.flatMap((output) => Object.keys(output.metafile.inputs))) {
  if (!/^js\/(src|style)\//.test(input)) {
    throw new Error(
      `${input} would go into a bundle: nothing third-party may, or its licence must be shipped.`
    );
  }
}
