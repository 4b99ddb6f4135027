import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { startTestServer } from '@kubewright/testing';
import { root } from '../tools/source-files.js';
import { type Comparison, compare } from './compare.js';
import { scratchDirectory } from './scratch.js';

/** From the start of `kubewright up` with an empty directory to its line that it is ready, against the budget. */
export function benchUp(): Promise<Comparison> {
  return compare('kubewright up, from start to ready, with an empty directory', timeUp, 2_000, {
    unit: 'ms',
    limit: 'at most 1',
  });
}

async function timeUp(): Promise<number> {
  const directory = scratchDirectory();
  const start = performance.now();
  const child = spawn(
    process.execPath,
    [join(root, 'packages/cli/bin/kubewright.js'), 'up', '--port', '0', '--data-dir', directory.path],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit');
  try {
    await Promise.race([
      once(child.stdout, 'data'),
      exited.then(() => Promise.reject(new Error('it did not start'))),
    ]);
    return performance.now() - start;
  } finally {
    child.kill('SIGTERM');
    await exited;
    directory.remove();
  }
}

/** An API server in this process with memory storage, its code loaded already, against the budget. */
export function benchTestServer(): Promise<Comparison> {
  const time = async () => {
    const start = performance.now();
    const { close } = await startTestServer();
    const elapsed = performance.now() - start;
    await close();
    return elapsed;
  };
  return compare('an API server in process with memory storage, after import', time, 200, {
    unit: 'ms',
    limit: 'at most 1',
  });
}
