import { defineConfig } from 'vitest/config';

const MINUTE = 60_000;

export default defineConfig({
  test: {
    teardownTimeout: MINUTE,
    reporters: ['default', './test/reporter.ts'],
    projects: [
      // A limit for tests that hang; a busy host is no failure.
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: MINUTE } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: MINUTE,
          hookTimeout: MINUTE,
        },
      },
      {
        // Real builds and boots: one at a time, each with the whole machine.
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 60 * MINUTE,
          hookTimeout: 60 * MINUTE,
          fileParallelism: false,
        },
      },
    ],
  },
});
