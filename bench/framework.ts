import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ConfigMap } from '@kubewright/api/core/v1';
import { Manager } from '@kubewright/controllers';
import { startTestServer } from '@kubewright/testing';
import { root } from '../tools/source-files.js';
import { type Comparison, compare } from './compare.js';

const run = promisify(execFile);

const keys = 10_000;

/** 10,000 keys through a reconciler that does nothing, one worker, against the budget. */
export async function benchReconciles(): Promise<Comparison> {
  const { client, close } = await startTestServer();
  const measure = async () => {
    const stop = new AbortController();
    const manager = new Manager(client, { signal: stop.signal });
    let left = keys;
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const controller = manager.controller(ConfigMap).reconcile(async () => {
      left -= 1;
      if (left === 0) finish();
      return undefined;
    });
    await manager.start();
    const start = performance.now();
    for (let key = 0; key < keys; key++) controller.enqueue(`default/${key}`);
    await finished;
    const ms = performance.now() - start;
    stop.abort();
    await manager.done;
    return ms;
  };
  const result = await compare('10,000 keys through a reconciler that does nothing', measure, 500, {
    unit: 'ms',
    limit: 'at most 1',
  });
  await close();
  return result;
}

/** A fork of a server that has 1,000 objects, against the budget. */
export async function benchFork(): Promise<Comparison> {
  const base = await startTestServer();
  const maps = base.client.resource(ConfigMap);
  for (let index = 0; index < 1000; index++)
    await maps.create({ metadata: { name: `m${index}`, namespace: 'default' } });
  const forks = 100;
  const measure = async () => {
    let ms = 0;
    for (let count = 0; count < forks; count++) {
      const start = performance.now();
      const fork = await base.fork();
      ms += performance.now() - start;
      await fork.close();
    }
    return (ms / forks) * 1000;
  };
  const result = await compare('a fork of a test server with 1,000 objects', measure, 1000, {
    unit: 'µs',
    limit: 'at most 1',
  });
  await base.close();
  return result;
}

/** 1,000 test servers, started and stopped in one process, against the budget; what memory grew is noted. */
export async function benchManyTestServers(): Promise<Comparison> {
  let growth: readonly number[] = [];
  const result = await compare(
    'a test server started and stopped, of 1,000 in one process',
    async () => {
      const { stdout } = await run(process.execPath, [
        ...process.execArgv,
        '--expose-gc',
        join(root, 'bench/test-servers.child.ts'),
      ]);
      const measured = JSON.parse(stdout) as { readonly ms: number; readonly growth: readonly number[] };
      growth = measured.growth;
      return measured.ms;
    },
    50,
    { unit: 'ms', limit: 'at most 1', rounds: 1 },
  );
  const notes = [`heap after each 250 servers, in MiB: ${growth.map((each) => each.toFixed(1)).join(', ')}`];
  return { ...result, notes };
}
