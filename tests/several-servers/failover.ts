import { setTimeout as delay } from 'node:timers/promises';
import { ConfigMap } from '@kubewright/api/core/v1';
import type { Client } from '@kubewright/client';
import type { ApiServers } from './api-servers.js';

export interface FailoverResult {
  readonly reads: number;
  /** Reads that failed although they were tried once more. */
  readonly failedReads: readonly string[];
  /** From the kill until the last of the watchers heard of something that was written after it. */
  readonly resumedMs: number;
  /** Events that a watcher missed, or got twice. */
  readonly gaps: readonly string[];
}

const readers = 8;
const watchers = 30;
/** How long it goes on before and after the kill. */
const beforeMs = 1_500;
const afterMs = 4_000;
const tickMs = 10;

/** Kills one of several servers under gets, lists, writes and watches through a balancer, and writes down who noticed. */
export async function killOneOf(servers: ApiServers, killed: number): Promise<FailoverResult> {
  const [reading, watching, writer] = await Promise.all([
    servers.client(undefined, { retries: 1 }),
    servers.client(),
    servers.client((killed + 1) % servers.processes.length),
  ]);
  const name = `clock-${killed}`;
  const clock = (client: Client) => client.resource(ConfigMap).namespace('default');
  let written = 0;
  const writtenAt: number[] = [];
  const stop = new AbortController();
  await clock(writer).create({ metadata: { name }, data: { n: '0' } });
  const heard = Array.from({ length: watchers }, () => ({ seen: [] as number[], at: [] as number[] }));
  const watches = heard.map(async ({ seen, at }) => {
    const events = clock(watching).watcher({ fieldSelector: `metadata.name=${name}`, signal: stop.signal });
    for await (const event of events) {
      if (event.type !== 'added' && event.type !== 'modified') continue;
      seen.push(Number(event.object.data?.n));
      at.push(performance.now());
    }
  });
  while (heard.some(({ seen }) => seen.length === 0)) await delay(tickMs);
  let over = false;
  let reads = 0;
  const failedReads: string[] = [];
  const read = async (one: () => Promise<unknown>) => {
    while (!over) {
      reads++;
      await one().catch((error: unknown) => failedReads.push(String(error)));
    }
  };
  const reader = (_: unknown, i: number) =>
    read(() => (i % 2 === 0 ? clock(reading).get(name) : clock(reading).list({ limit: 10 })));
  const write = async () => {
    for (; !over; await delay(tickMs)) {
      await clock(writer).patchMerge(name, { data: { n: String(++written) } });
      writtenAt[written] = performance.now();
    }
  };
  const load = [...Array.from({ length: readers }, reader), write()];
  await delay(beforeMs);
  const killedAt = performance.now();
  const dead = servers.processes[killed]?.end('SIGKILL');
  await delay(afterMs);
  over = true;
  await Promise.all([...load, dead]);
  const last = written;
  const until = performance.now() + 10_000;
  while (heard.some(({ seen }) => seen.at(-1) !== last) && performance.now() < until) await delay(tickMs);
  stop.abort();
  await Promise.all(watches);
  await Promise.all([reading, watching, writer].map((client) => client.close()));
  return {
    reads,
    failedReads,
    resumedMs: Math.max(...heard.map(({ seen, at }) => firstAfter(seen, at, writtenAt, killedAt) - killedAt)),
    gaps: heard.flatMap(({ seen }, i) => gapsIn(seen, last).map((gap) => `watcher ${i}: ${gap}`)),
  };
}

function firstAfter(
  seen: readonly number[],
  at: readonly number[],
  writtenAt: readonly number[],
  killedAt: number,
): number {
  const index = seen.findIndex((n) => (writtenAt[n] ?? 0) > killedAt);
  return at[index] ?? Number.POSITIVE_INFINITY;
}

function gapsIn(seen: readonly number[], last: number): string[] {
  const gaps = seen.flatMap((n, i) => {
    const before = seen[i - 1] ?? n - 1;
    return n === before + 1 ? [] : [`${before} → ${n}`];
  });
  return seen.at(-1) === last ? gaps : [...gaps, `${seen.at(-1)} is not ${last}`];
}
