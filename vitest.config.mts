import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['js/tests/**/*.test.ts'],
    environment: 'node',
    // One process and one jsdom library for all files: to load them anew for each took half of the time. Each file
    // still gets a document of its own; `vitest run --isolate` runs them apart.
    isolate: false,
    restoreMocks: true,
    testTimeout: 60_000, // a limit for what hangs, not for a slow machine
    hookTimeout: 60_000,
  },
});
