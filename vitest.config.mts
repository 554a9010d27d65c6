import { defineConfig } from 'vitest/config';

/** Files that replace a module by another one: that holds for a file only where it runs apart from the others. */
const REPLACING = ['expression.panel', 'view.menus', 'pace'].map((name) => `js/tests/${name}.test.ts`);
const ALL = ['js/tests/**/*.test.ts'];

export default defineConfig({
  test: {
    environment: 'node',
    restoreMocks: true,
    testTimeout: 60_000, // a limit for what hangs, not for a slow machine
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        // One process and one jsdom library for all these files: to load them anew for each took half of the time. Each
        // file still gets a document of its own; `vitest run --isolate` runs them apart.
        test: { name: 'together', include: ALL, exclude: REPLACING, isolate: false },
      },
      { extends: true, test: { name: 'apart', include: REPLACING } },
    ],
  },
});
