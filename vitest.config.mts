import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['js/tests/**/*.test.ts'],
    environment: 'node',
    restoreMocks: true,
    testTimeout: 60_000, // a limit for what hangs, not for a slow machine
    hookTimeout: 60_000,
  },
});
