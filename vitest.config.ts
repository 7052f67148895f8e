import { defineConfig } from 'vitest/config';

// Browsers publish and watch in real time, and so have the machine to themselves when all else is done.
const BROWSERS = 'test/e2e/**/*.test.ts';

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: [BROWSERS],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'browsers', include: [BROWSERS], maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
