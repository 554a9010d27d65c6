// Builds the anywidget modules (an ESM file each) and the viewer of saved pages (one IIFE file). Nothing third-party
// goes in.
import { build, transform } from 'esbuild';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import * as often from './src/often.mjs';
import { asFunction, givenByPanel } from './later.mjs';
import { packed, shortVariables } from './pack.mjs';

const dev = process.argv.includes('--dev');
const sheet = async (path) =>
  (await transform(await readFile(path, 'utf8'), { loader: 'css', minify: !dev })).code;
const asText = async (path) => ({ contents: await sheet(path), loader: 'text' });

/** `import text from 'x.css'`: the style sheet, minified, as a string for a shadow root. */
const cssText = (load = asText) => ({
  name: 'css-text',
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, ({ path }) => load(path));
  },
});

/** The only sheet of a bundle. `change`: where no other one uses its variables, their names can be short, too. */
const cssAlone =
  (change = (code) => code) =>
  async (path) => ({ contents: `export default ${packed(change(await sheet(path)))}`, loader: 'js' });

/** Sheets that a bundle has together are packed as one text: they say much the same. */
async function cssTogether(paths) {
  const texts = await Promise.all(paths.map(async (path) => (await sheet(path)).trim()));
  const contents = `export const sheets = ${packed(texts.join('\n'), 'unpacked')}.split('\\n')`;
  return {
    name: 'css-together',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^sheets$/ }, ({ path }) => ({ path, namespace: path }));
      onLoad({ filter: /^sheets$/, namespace: 'sheets' }, () => ({ contents, loader: 'js' }));
      onLoad({ filter: /\.css$/ }, ({ path }) => ({
        contents: `import { sheets } from 'sheets'; export default sheets[${paths.indexOf(path)}]`,
        loader: 'js',
      }));
    },
  };
}

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
const EAGER = '//# allFunctionsCalledOnLoad';

/** Names that our objects have, and neither a message nor the browser's objects: a saved page need not spell them out. */
const OURS =
  /^(element|derived|update|drawer|presets|extend|reveal|announcement|descending|featuresLeftOut|unsaved|painted|toolbar|chips|brush|decimals|tiles|paint|numeric|allSelected|dress|known|anchor|whole)$/;

/** The same for modules that are handed each other's objects: there a name has one short form everywhere. */
const SHORT = { element: '$e', derived: '$d', update: '$u' };

const common = {
  inject: ['js/src/often.mjs', 'js/src/unpacked.mjs'],
  bundle: true,
  minify: !dev,
  banner: { js: EAGER },
  sourcemap: dev ? 'inline' : false,
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'inline',
  logLevel: 'warning',
  outdir: 'dvlwidgets/static',
  metafile: true,
};

/** An anywidget module. What style sheets it has is known once it was bundled. */
async function bundle(name, plugins = [], banner = { js: EAGER }) {
  const options = {
    ...common,
    banner,
    entryPoints: { [name]: `js/src/hosts/${name}.ts` },
    format: 'esm',
    mangleProps: dev ? undefined : new RegExp(`^(${Object.keys(SHORT).join('|')})$`),
    mangleCache: { ...SHORT },
  };
  const others = [...plugins, sources((source) => source)];
  const first = await build({ ...options, plugins: [cssText(), ...others], write: dev });
  if (dev) {
    return first;
  }
  const [{ inputs }] = Object.values(first.metafile.outputs);
  const paths = Object.keys(inputs).filter((path) => path.endsWith('.css') && inputs[path].bytesInOutput > 0);
  const css =
    paths.length === 1 ? cssText(cssAlone()) : await cssTogether(paths.map((path) => resolve(path)));
  return build({ ...options, plugins: [css, ...others] });
}

/** A module that comes after the panel, and takes from it what both need. */
async function later(name) {
  const made = await bundle(name, [givenByPanel()], {});
  const [path] = Object.keys(made.metafile.outputs);
  await writeFile(path, `${EAGER}\n${asFunction(await readFile(path, 'utf8'))}`);
  return made;
}

const PANELS = ['widget', 'influence'];
const LATER = ['whatif', 'tests', 'view', 'table', 'history', 'around', 'previews', 'pictures', 'expression'];

const outputs = [
  ...(await Promise.all([...PANELS.map((name) => bundle(name)), ...LATER.map(later)])),
  await build({
    ...common,
    entryPoints: { viewer: 'js/src/hosts/page.ts' },
    format: 'iife',
    banner: {},
    plugins: [cssText(dev ? asText : cssAlone(shortVariables)), sources(withoutLive)],
    mangleProps: OURS,
  }),
];

for (const input of outputs.flatMap((output) => Object.keys(output.metafile.inputs))) {
  if (!/^(js\/(src|style)\/|sheets:|given:)/.test(input)) {
    throw new Error(
      `${input} would go into a bundle: nothing third-party may, or its licence must be shipped.`
    );
  }
}
