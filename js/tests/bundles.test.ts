import { build } from 'esbuild';
import { expect, it } from 'vitest';

it('holds in an anywidget module nothing but our own files, and none for JupyterLab', async () => {
  for (const entry of ['widget', 'influence']) {
    const made = await build({
      entryPoints: [`js/src/hosts/${entry}.ts`],
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      loader: { '.css': 'text' },
    });
    const inputs = Object.keys(made.metafile.inputs);
    expect(inputs).toContain('js/src/hosts/afm.ts');
    expect(inputs.filter((input) => !/^js\/(src|style)\//.test(input))).toEqual([]);
    expect(inputs.filter((input) => input.startsWith('js/src/hosts/lab/'))).toEqual([]);
    expect(Object.values(made.metafile.outputs).flatMap((output) => output.imports)).toEqual([]);
    expect(made.outputFiles[0]!.text).not.toMatch(/@(jupyterlab|lumino|jupyter-widgets)\//);
  }
});
