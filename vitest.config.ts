import { defineConfig } from 'vitest/config';

// Tests run from the sources of every package (the `source` export condition), so no build is needed between edits.
export default defineConfig({
  resolve: { conditions: ['source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['source', 'node', 'import', 'default'] } },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'tests/**/*.test.ts',
      'tools/**/*.test.ts',
      'examples/**/*.test.ts',
    ],
    testTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 2,
    // `.ci/run` counts from the second one.
    reporters:
      process.env.CI === undefined ? ['default'] : ['default', ['json', { outputFile: 'test-report.json' }]],
  },
});
