import { defineConfig } from 'vitest/config';

// Tests run from the sources of every package (the `source` export condition), so no build is needed between edits.
// The list must not name `import`: vitest hands it on to node, where it would hold for `require` as well.
export default defineConfig({
  resolve: { conditions: ['source', 'node'] },
  ssr: { resolve: { conditions: ['source', 'node'] } },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'tests/**/*.test.ts',
      // What takes minutes.
      ...(process.env.SOAK === undefined ? [] : ['tests/**/*.soak.ts']),
      // What needs a real kube-apiserver, which nobody has by chance.
      ...(process.env.KUBE_APISERVER === undefined ? [] : ['tests/interop/**/*.interop.ts']),
      'tools/**/*.test.ts',
      'examples/**/*.test.ts',
    ],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A busy machine is no fault.
    expect: { poll: { timeout: 15_000, interval: 20 } },
    pool: 'forks',
    maxWorkers: 2,
    // Loading the sources was half of the time: a worker loads them once, for all its files. So a test leaves nothing
    // behind: it replaces no module, gives timers and environment back, and closes what it starts. `--isolate` tells
    // whether a failure is another file's; `--sequence.shuffle.files` looks for such.
    isolate: false,
    // `.ci/run` counts from the second one.
    reporters:
      process.env.CI === undefined ? ['default'] : ['default', ['json', { outputFile: 'test-report.json' }]],
  },
});
