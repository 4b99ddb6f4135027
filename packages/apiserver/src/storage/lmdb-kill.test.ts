import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { LmdbStorage } from './lmdb.js';
import type { Storage, StorageEvent } from './storage.js';

const child = fileURLToPath(new URL('./lmdb-kill.child.ts', import.meta.url));
/** `npm run soak` kills a hundred times; SOAK_SEED repeats a run. */
const rounds = Number(process.env.SOAK_KILLS ?? 10);

test(`every acknowledged write survives ${rounds} kills`, { timeout: rounds * 12_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kubewright-kill-'));
  const seed = Number(process.env.SOAK_SEED ?? 1 + Math.floor(Math.random() * 0x7fffff));
  console.log(`seed ${seed}`);
  for (let round = 0; round < rounds; round++) {
    const acknowledged = await writeUntilKilled(directory, seed + round);
    const storage = await LmdbStorage.open(directory);
    await expectAll(storage, acknowledged);
    await storage.close();
  }
  rmSync(directory, { recursive: true });
});

interface Acknowledged {
  readonly key: string;
  readonly revision: number;
  readonly value: string | undefined;
}

async function writeUntilKilled(directory: string, seed: number): Promise<Acknowledged[]> {
  const args = ['--conditions=source', '--import', 'tsx', child, directory, String(seed)];
  const writer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const output: Buffer[] = [];
  writer.stdout.on('data', (bytes: Buffer) => output.push(bytes));
  await once(writer.stdout, 'data');
  // What is tested is the instant of the kill, so here time itself is the input.
  await delay(seed % 100);
  const closed = once(writer, 'close');
  writer.kill('SIGKILL');
  await closed;
  // The last line may be cut; its write was acknowledged, but nobody heard the whole of it.
  const lines = Buffer.concat(output).toString().split('\n').slice(0, -1);
  return lines.map((line) => {
    const [key = '', revision, value] = line.split(' ');
    return { key, revision: Number(revision), value: value === '-' ? undefined : value };
  });
}

async function expectAll(storage: Storage, acknowledged: readonly Acknowledged[]): Promise<void> {
  expect(acknowledged.length).toBeGreaterThan(0);
  const first = Math.min(...acknowledged.map(({ revision }) => revision));
  const history = new Map((await eventsAfter(storage, first - 1)).map((event) => [event.revision, event]));
  const newest = new Map<string, StorageEvent>();
  for (const event of history.values()) newest.set(event.key, event);
  for (const { key, revision, value } of acknowledged) {
    const event = history.get(revision);
    expect(event?.key).toBe(key);
    expect(event?.value?.toString()).toBe(value);
  }
  for (const [key, event] of newest) {
    const { entry } = await storage.get(key);
    expect(entry?.revision).toBe(event.value === undefined ? undefined : event.revision);
    expect(entry?.value.toString()).toBe(event.value?.toString());
  }
}

async function eventsAfter(storage: Storage, after: number): Promise<StorageEvent[]> {
  const newest = await storage.revision();
  const all: StorageEvent[] = [];
  await new Promise<void>((resolve, reject) => {
    storage.watch(after, {
      onEvents(events, revision) {
        all.push(...events);
        if (revision >= newest) resolve();
      },
      onEnd: (error) => reject(error ?? new Error('closed')),
    });
  });
  return all;
}
