/**
 * `npm run interop [NAME…]`: starts a control plane, has the clients of other languages test it, prints a table of what
 * passed, failed and was skipped, and ends with 1 when anything failed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubewright } from '../cli/kubewright.js';
import { type Command, clients, type InteropClient } from './clients.js';
import { type Outcome, readOutcome, renderOutcomes, skipped } from './outcome.js';

/** The first builds fetch and compile hundreds of packages. */
const buildMs = 20 * 60_000;
const runMs = 5 * 60_000;

const names = process.argv.slice(2);
const unknown = names.filter((name) => !clients.some((client) => client.name === name));
if (unknown.length > 0) {
  const known = clients.map((client) => client.name).join(', ');
  process.stderr.write(`no client ${unknown.join(', ')}; there are ${known}\n`);
  process.exit(2);
}
const outcomes: Outcome[] = [];
for (const client of clients)
  if (names.length === 0 || names.includes(client.name)) outcomes.push(await outcomeOf(client));
process.stdout.write(renderOutcomes(outcomes));
process.exitCode = outcomes.some(({ failed }) => failed.length > 0) ? 1 : 0;

async function outcomeOf(client: InteropClient): Promise<Outcome> {
  for (const need of client.needs) {
    const { ended, log } = await execute(need, client, { timeoutMs: runMs });
    if (ended === 'ENOENT') return skipped(client.name, `${need[0]} is not on this machine`);
    if (ended !== 0) return skipped(client.name, `${need.join(' ')}: ${log.trim().replaceAll('\n', ' ')}`);
  }
  for (const step of client.build) {
    process.stderr.write(`${client.name}: ${step.join(' ')}\n`);
    const { log, ended } = await execute(step, client, { timeoutMs: buildMs });
    if (ended !== 0) return readOutcome(client.name, `not ok build: ${log.replaceAll('\n', ' ')}\n`, ended);
  }
  // A server of its own for each, so that none sees another's objects.
  const directory = await mkdtemp(join(tmpdir(), 'kubewright-interop-'));
  const args = [
    'up',
    '--no-node',
    '--storage',
    'memory',
    '--port',
    '0',
    '--data-dir',
    join(directory, 'data'),
  ];
  const server = kubewright(args, { cwd: directory });
  try {
    await server.seen('is ready');
    const KUBECONFIG = join(directory, 'data/kubeconfig');
    const { output, log, ended } = await execute(client.run, client, { timeoutMs: runMs, KUBECONFIG });
    const outcome = readOutcome(client.name, output, ended);
    // The log of what failed is worth reading.
    if (outcome.failed.length > 0) process.stderr.write(log);
    return outcome;
  } finally {
    server.child.kill();
    await server.ended;
    await rm(directory, { recursive: true, force: true });
  }
}

interface Execution {
  /** Exit status, signal, or the code of why it could not start. */
  readonly ended: number | string;
  readonly output: string;
  /** Standard output and standard error as they came. */
  readonly log: string;
}

/** Runs a program in the client's folder. What is not there ends with `ENOENT`. */
async function execute(
  [program, ...args]: Command,
  client: InteropClient,
  { timeoutMs, ...environment }: { readonly timeoutMs: number; readonly KUBECONFIG?: string },
): Promise<Execution> {
  const child = spawn(program, args, {
    cwd: join(import.meta.dirname, client.folder ?? client.name),
    env: { ...process.env, ...client.environment, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
  });
  let output = '';
  let log = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    log += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const ended = await once(child, 'close').then(
    ([code, signal]) => (code ?? signal) as number | string,
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
  return { ended, output, log };
}
