// Builds modules that come after the panel: each is a function of what the panel has anyway (js/src/parts/kit.ts).
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';

const KIT = 'js/src/parts/kit.ts';

/** The file of the panel and the names in it that a module is given, each with its place in the list. */
function givenByFile() {
  const source = readFileSync(KIT, 'utf8');
  const order = /readonly unknown\[\] => \[([^\]]*)\]/
    .exec(source)[1]
    .split(',')
    .map((name) => name.trim());
  const files = new Map();
  for (const [, names, path] of source.matchAll(/^import \{([^}]*)\} from '([^']+)';$/gm)) {
    const file = `${resolve(dirname(KIT), path)}.ts`;
    const places = names
      .split(',')
      .filter((name) => name.trim() !== '')
      .map((name) => name.trim().split(' as '))
      .map(([exported, here = exported]) => [exported, order.indexOf(here)]);
    files.set(file, new Map(places));
  }
  const found = [...files.values()].flatMap((places) => [...places.values()]);
  const all = order.filter((name) => name !== '');
  if (found.includes(-1) || new Set(found).size !== all.length) {
    throw new Error(`${KIT}: what it imports and what it lists are not the same.`);
  }
  return files;
}

/** A plugin: what the panel gives is taken from it instead of being bundled. */
export function givenByPanel() {
  const files = givenByFile();
  return {
    name: 'given-by-panel',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^\./ }, ({ path, resolveDir, namespace }) => {
        const file = `${resolve(resolveDir, path)}.ts`;
        return files.has(file) && namespace === 'file'
          ? { path: file, namespace: 'given', sideEffects: false }
          : null;
      });
      onLoad({ filter: /.*/, namespace: 'given' }, ({ path }) => {
        const given = [...files.get(path)].map(
          ([name, place]) => `export const ${name} = /* @__PURE__ */ $given(${place});`
        );
        return {
          contents: `${given.join('\n')}\nexport * from './${relative(dirname(path), path)}';`,
          resolveDir: dirname(path),
          loader: 'js',
        };
      });
    },
  };
}

/** An ES module whose default is a function of what it is given, and gives what the module had as its default. */
export function asFunction(code) {
  const exported = /export\s*\{\s*([\w$]+) as default,?\s*\};?\s*$/;
  if (!exported.test(code)) {
    throw new Error('A module that comes later has to export a default, and nothing else.');
  }
  return `export default ($given) => {${code.replace(exported, 'return $1;')}}`;
}
