import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../tools/source-files.js';
import { type Comparison, compare } from './compare.js';

const run = promisify(execFile);
const child = join(root, 'bench/client.child.ts');

/** The import of the built client in a process of its own, against the budget. */
export function benchImportTime(): Promise<Comparison> {
  return compare('import of @kubewright/client', async () => (await measureImport()).ms, 60, {
    unit: 'ms',
    limit: 'at most 1',
  });
}

/** What the import adds to a process's resident memory, against the budget. */
export function benchImportMemory(): Promise<Comparison> {
  return compare(
    'memory of the import of @kubewright/client',
    async () => (await measureImport()).bytes / 2 ** 20,
    25,
    {
      unit: 'MiB',
      limit: 'at most 1',
    },
  );
}

/** 15,000 pods in an informer, against their JSON. */
export async function benchInformerMemory(): Promise<Comparison> {
  const { bytes, json } = await measureInformer();
  return compare(
    'memory of an informer with 15,000 pods, against their JSON',
    async () => bytes / 2 ** 20,
    json / 2 ** 20,
    {
      unit: 'MiB',
      limit: 'at most 1.5',
      rounds: 1,
    },
  );
}

/** Without this program's loader, which users don't have. */
const importing = `
  const settled = () => { for (let i = 0; i < 4; i++) gc(); return process.memoryUsage().rss; };
  const before = settled();
  const start = performance.now();
  await import('@kubewright/client');
  const ms = performance.now() - start;
  process.stdout.write(JSON.stringify({ ms, bytes: settled() - before }));`;

async function measureImport(): Promise<{ ms: number; bytes: number }> {
  const args = ['--expose-gc', '--input-type=module', '-e', importing];
  const { stdout } = await run(process.execPath, args, { cwd: root });
  return JSON.parse(stdout) as { ms: number; bytes: number };
}

async function measureInformer(): Promise<{ bytes: number; json: number }> {
  const { stdout } = await run(process.execPath, [...process.execArgv, '--expose-gc', child]);
  return JSON.parse(stdout) as { bytes: number; json: number };
}
