import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoadOptions } from './load.child.js';

/** Requests per second that a server answers to a process of its own. */
export async function measureRate(options: LoadOptions): Promise<number> {
  const child = fork(fileURLToPath(new URL('./load.child.ts', import.meta.url)));
  const exited = once(child, 'exit');
  child.send(options);
  const answer = await Promise.race([once(child, 'message'), exited.then(() => undefined)]);
  await exited;
  if (answer === undefined) throw new Error('the load generator has failed');
  return (answer[0] as { rate: number }).rate;
}
