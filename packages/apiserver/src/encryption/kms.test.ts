import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { ApiServer } from '../server.js';
import { MemoryStorage } from '../storage/memory.js';
import { encryptedStorage } from './encrypted-storage.js';
import { Encryption } from './encryption.js';

const key = '/registry/secrets/default/a';
const object = '{"apiVersion":"v1","data":{"password":"hunter2"}}';
let directory: string;
let plugin: ReturnType<typeof fork>;
let endpoint: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubewright-kms-'));
  const socket = join(directory, 'kms.sock');
  endpoint = `unix://${socket}`;
  const file = fileURLToPath(new URL('./kms-plugin.child.ts', import.meta.url));
  plugin = fork(file, [socket], { execArgv: ['--conditions=source', '--import', 'tsx'] });
  await once(plugin, 'message');
}, 60_000);
afterAll(async () => {
  const exited = once(plugin, 'exit');
  plugin.disconnect();
  await exited;
  await rm(directory, { recursive: true });
});

/** A server's view of the engine: its keys are its own, as after a restart. */
async function open(engine: MemoryStorage) {
  const encryption = await Encryption.open(
    {
      resources: [
        { resources: ['secrets'], providers: [{ type: 'kms', name: 'vault', endpoint, timeoutMs: 3_000 }] },
      ],
    },
    pino({ level: 'silent' }),
  );
  encryption.name('/registry/secrets/', { group: '', resource: 'secrets' });
  return { encryption, storage: encryptedStorage(engine, encryption) };
}

/** What the plugin was asked for so far; tells it something first. */
async function tell(message: { rotate?: true } = {}): Promise<Record<string, number>> {
  plugin.send(message);
  const [{ calls }] = (await once(plugin, 'message')) as [{ calls: Record<string, number> }];
  return calls;
}

it('encrypts with a key that the plugin encrypts, asks it once for many objects, and after a restart again', async () => {
  const engine = new MemoryStorage();
  const first = await open(engine);
  const before = await tell();
  for (const name of ['a', 'b', 'c'])
    await first.storage.write(`/registry/secrets/default/${name}`, () => ({ put: Buffer.from(object) }));
  expect((await first.storage.get(key)).entry?.value.toString()).toBe(object);
  expect(await tell()).toEqual(before);
  const stored = (await engine.get(key)).entry?.value.toString('latin1') ?? '';
  expect(stored).toMatch(/^k8s:enc:kms:v2:vault:/);
  expect(stored).not.toContain('hunter2');
  first.encryption.close();

  const second = await open(engine);
  const { entries } = await second.storage.list('/registry/secrets/');
  expect(entries.map(({ value }) => value.toString())).toEqual([object, object, object]);
  const { Decrypt = 0 } = await tell();
  expect(Decrypt - (before.Decrypt ?? 0)).toBe(1);
  second.encryption.close();
});

it('shows a watcher in order what only the plugin can open', async () => {
  const engine = new MemoryStorage();
  const [one, other] = await Promise.all([open(engine), open(engine)]);
  const seen: string[] = [];
  const done = new Promise<void>((resolve) => {
    void engine.revision().then((revision) => {
      one.storage.watch(revision, {
        onEvents: (events) => {
          for (const { value } of events) seen.push(value?.toString() ?? '');
          if (seen.length === 3) resolve();
        },
        onEnd: () => undefined,
      });
      return Promise.all(
        ['1', '2', '3'].map((text, index) =>
          (index === 1 ? one : other).storage.write(`${key}${text}`, () => ({ put: Buffer.from(text) })),
        ),
      );
    });
  });
  await done;
  expect(seen).toEqual(['1', '2', '3']);
  one.encryption.close();
  other.encryption.close();
});

it('stores an unchanged object anew when the plugin has another key', async () => {
  const engine = new MemoryStorage();
  const before = await open(engine);
  const first = await before.storage.write(key, () => ({ put: Buffer.from(object) }));
  before.encryption.close();
  await tell({ rotate: true });
  const { encryption, storage } = await open(engine);
  expect((await storage.get(key)).entry?.value.toString()).toBe(object);
  expect(await storage.write(key, () => ({ keep: true, unchanged: true }))).toBeGreaterThan(first);
  const again = await engine.revision();
  expect(await storage.write(key, () => ({ keep: true, unchanged: true }))).toBe(again);
  encryption.close();
});

it('does not start without its plugin', async () => {
  const opening = Encryption.open(
    {
      resources: [
        {
          resources: ['secrets'],
          providers: [
            { type: 'kms', name: 'none', endpoint: `unix://${directory}/none.sock`, timeoutMs: 300 },
          ],
        },
      ],
    },
    pino({ level: 'silent' }),
  );
  await expect(opening).rejects.toThrow();
});

it('is in the health of the server, which asks now and then', async () => {
  const engine = new MemoryStorage();
  const logger = pino({ level: 'silent' });
  const { encryption } = await open(engine);
  const server = await ApiServer.start({ storage: engine, logger, encryption });
  const handle = server.inProcess({ name: 'admin', groups: ['system:masters'] });
  const health = async (path: string) => {
    const { status, body } = await handle({ method: 'GET', path, headers: {} });
    let text = '';
    for await (const chunk of body) text += Buffer.from(chunk).toString();
    return { status, text };
  };
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    expect(await health('/healthz/kms-providers')).toEqual({ status: 200, text: 'ok' });
    plugin.kill('SIGSTOP');
    expect((await health('/readyz')).status).toBe(200);
    vi.advanceTimersByTime(20_000);
    const ill = await health('/readyz');
    expect(ill.status).toBe(500);
    expect(ill.text).toContain('[-]kms-providers failed: reason withheld');
    plugin.kill('SIGCONT');
    expect((await health('/livez')).status).toBe(500);
    vi.advanceTimersByTime(3_000);
    await vi.waitFor(
      async () => {
        vi.advanceTimersByTime(3_000);
        expect((await health('/livez')).status).toBe(200);
      },
      { timeout: 15_000 },
    );
  } finally {
    plugin.kill('SIGCONT');
    vi.useRealTimers();
    await server.close(0);
    encryption.close();
  }
});
