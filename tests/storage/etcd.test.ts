import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LmdbStorage, PkiDirectory, readBackup, restoreBackup, writeBackup } from '@kubewright/apiserver';
import { EtcdStorage, type EtcdStorageOptions } from '@kubewright/apiserver/etcd';
import type { Storage } from '@kubewright/apiserver/storage';
import { storageConformance } from '@kubewright/apiserver/storage-conformance';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Etcd, etcdctl, etcdPath, startEtcd } from '../etcd-process.js';

const logger = pino({ level: 'silent' });
const put = (storage: Storage, key: string, value: string) =>
  storage.write(key, () => ({ put: Buffer.from(value) }));

// Debian has it as etcd-server and etcd-client.
describe.skipIf(etcdPath === undefined)('over one member of etcd', () => {
  let etcd: Etcd;
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd.close());
  beforeEach(() => void etcdctl(etcd, 'del', '--prefix', ''));

  const open = (options: Partial<EtcdStorageOptions> = {}) =>
    EtcdStorage.open({ endpoints: etcd.endpoints, logger, compactionIntervalMs: 0, ...options });

  storageConformance(
    'etcd',
    async () => {
      const storage = await open();
      return {
        storage,
        reopen: async () => {
          await storage.close();
          return open();
        },
      };
    },
    { reopen: true },
  );

  test('two servers lose no update of each other, and each sees what the other has acknowledged', async () => {
    const [one, two] = await Promise.all([open(), open()]);
    const seen: string[] = [];
    const watch = two.watch(await two.revision(), {
      onEvents: (events) => seen.push(...events.map(({ value }) => String(value))),
      onEnd: () => undefined,
    });
    const increment = (storage: Storage) =>
      storage.write('/n', (current) => ({ put: Buffer.from(String(Number(current?.value ?? 0) + 1)) }));
    await Promise.all(Array.from({ length: 40 }, (_, i) => increment(i % 2 === 0 ? one : two)));
    expect((await one.get('/n')).entry?.value.toString()).toBe('40');
    const last = await put(one, '/n', 'last');
    expect(await two.revision()).toBeGreaterThanOrEqual(last);
    await expect.poll(() => seen.at(-1)).toBe('last');
    expect(seen).toEqual([...Array.from({ length: 40 }, (_, i) => `${i + 1}`), 'last']);
    watch.close();
    await Promise.all([one.close(), two.close()]);
  });

  test('the event of a write of this server has the very buffer that was written, that of another its own', async () => {
    const [one, two] = await Promise.all([open(), open()]);
    const seen: (Buffer | undefined)[] = [];
    one.watch(await one.revision(), {
      onEvents: (events) => seen.push(...events.map(({ value }) => value)),
      onEnd: () => undefined,
    });
    const written = Buffer.from('same');
    await one.write('/a', () => ({ put: written }));
    await put(two, '/a', 'same');
    await put(two, '/a', 'other');
    await expect.poll(() => seen.map(String)).toEqual(['same', 'same', 'other']);
    expect(seen.map((value) => value === written)).toEqual([true, false, false]);
    await Promise.all([one.close(), two.close()]);
  });

  test('a refusal on account of what is remembered is confirmed first', async () => {
    const [one, two] = await Promise.all([open(), open()]);
    await put(one, '/a', 'old');
    await put(two, '/a', 'new');
    const refused = one.write('/a', (current) => {
      throw new Error(`it is ${current?.value}`);
    });
    await expect(refused).rejects.toThrow('it is new');
    await two.write('/a', () => ({ delete: true }));
    const kept = one.write('/a', (current) =>
      current === undefined ? { keep: true } : { put: current.value },
    );
    expect(await kept).toBe(0);
    await Promise.all([one.close(), two.close()]);
  });

  test('the prefix stands in the place of /registry, and others do not see each other', async () => {
    const [usual, own] = await Promise.all([open(), open({ prefix: '/cluster-a' })]);
    await put(usual, '/registry/pods/default/a', 'usual');
    await put(own, '/registry/pods/default/a', 'own');
    expect(etcdctl(etcd, 'get', '--prefix', '/')).toBe(
      '/cluster-a/pods/default/a\nown\n/registry/pods/default/a\nusual\n',
    );
    expect((await own.list('')).entries.map(({ key, value }) => `${key} ${value}`)).toEqual([
      '/registry/pods/default/a own',
    ]);
    await Promise.all([usual.close(), own.close()]);
  });

  test('keys that expire hang on a lease that they share, and go when it ends', async () => {
    const storage = await open();
    storage.expireAfter('/registry/events/', 1);
    const start = await storage.revision();
    const gone = new Promise<void>((resolve) => {
      storage.watch(start, {
        onEvents: (events) => {
          if (events.some(({ key, value }) => key.endsWith('/b') && value === undefined)) resolve();
        },
        onEnd: () => undefined,
      });
    });
    await Promise.all(['a', 'b'].map((name) => put(storage, `/registry/events/default/${name}`, 'x')));
    await put(storage, '/registry/pods/default/a', 'x');
    expect(etcdctl(etcd, 'lease', 'list')).toMatch(/^found 1 leases\n/);
    await gone;
    expect((await storage.list('/registry/')).entries.map(({ key }) => key)).toEqual([
      '/registry/pods/default/a',
    ]);
    await storage.close();
  });

  test('a backup moves from LMDB to etcd and back', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'kubewright-move-'));
    const [old, made] = await Promise.all([
      LmdbStorage.open(join(directory, 'old')),
      LmdbStorage.open(join(directory, 'new'), { firstRevision: 1_000_000 }),
    ]);
    for (let i = 0; i < 30; i++) await put(old, `/registry/configmaps/default/m${i}`, `{"i":${i}}`);
    const storage = await open();
    const moved = await restoreBackup(storage, await readBackup(writeBackup(old, new Date())));
    expect(moved).toMatchObject({ entries: 30, above: false });
    await restoreBackup(made, await readBackup(writeBackup(storage, new Date())));
    const texts = async (of: Storage) =>
      (await of.list('/registry/')).entries.map(({ key, value }) => `${key} ${value}`);
    expect(await texts(storage)).toEqual(await texts(old));
    expect(await texts(made)).toEqual(await texts(old));
    await Promise.all([old.close(), made.close(), storage.close()]);
    rmSync(directory, { recursive: true });
  });

  test('history is compacted in the background', async () => {
    const storage = await open({ compactionIntervalMs: 100 });
    const first = await put(storage, '/a', 'one');
    await put(storage, '/a', 'two');
    const old = () => storage.list('/', { revision: first }).then(String, (error: unknown) => error);
    await expect.poll(old, { timeout: 10_000 }).toMatchObject({ reason: 'Expired' });
    expect((await storage.list('/')).entries.map(({ value }) => String(value))).toEqual(['two']);
    await storage.close();
  });

  test('what an endpoint does not answer another does, and where none does it is one sentence', async () => {
    const storage = await open({ endpoints: ['http://127.0.0.1:1', ...etcd.endpoints] });
    await put(storage, '/a', 'one');
    expect((await storage.get('/a')).entry?.value.toString()).toBe('one');
    await storage.close();
    await expect(open({ endpoints: ['127.0.0.1:1'] })).rejects.toThrow(
      'an endpoint of etcd is a URL such as https://10.0.0.1:2379, not 127.0.0.1:1',
    );
  });
});

describe.skipIf(etcdPath === undefined)('over an etcd of its own', () => {
  test('a full database refuses writes in its own words, reads go on, and writing resumes after the repair', async () => {
    const etcd = await startEtcd({ flags: ['--quota-backend-bytes', String(4 << 20)] });
    const storage = await EtcdStorage.open({ endpoints: etcd.endpoints, logger, compactionIntervalMs: 0 });
    let failure: unknown;
    let last = 0;
    for (let i = 0; failure === undefined && i < 100; i++) {
      await storage
        .write('/a', () => ({ put: Buffer.alloc(200_000, 'x') }))
        .then(
          (revision) => {
            last = revision;
          },
          (error: unknown) => {
            failure = error;
          },
        );
    }
    expect(failure).toMatchObject({ code: 500, message: 'etcdserver: mvcc: database space exceeded' });
    // Where the alarm is raised by the write itself, etcd carries it out and complains afterwards.
    const found = (await storage.get('/a')).entry?.revision ?? 0;
    expect([last, last + 1]).toContain(found);
    await storage.compact(found);
    etcdctl(etcd, 'defrag');
    etcdctl(etcd, 'alarm', 'disarm');
    expect(await put(storage, '/a', 'small')).toBeGreaterThan(last);
    await storage.close();
    await etcd.close();
  });

  test('an etcd that does not answer at the start is told of at once, waited for, and given up after 20 seconds', async () => {
    const etcd = await startEtcd();
    const warnings: string[] = [];
    const options = {
      endpoints: ['http://127.0.0.1:1', ...etcd.endpoints],
      logger: pino({}, { write: (line: string) => void warnings.push(line) }),
      compactionIntervalMs: 0,
    };
    etcd.members[0]?.signal('SIGKILL');
    const opening = EtcdStorage.open(options);
    await expect.poll(() => warnings.length, { timeout: 5_000 }).toBe(1);
    expect(warnings[0]).toMatch(
      /is waited for, 20 s: etcd can't be reached: (read ECONNRESET|connect ECONNREFUSED [\d.:]+)"/,
    );
    await etcd.members[0]?.restart();
    await (await opening).close();
    etcd.members[0]?.signal('SIGKILL');
    vi.useFakeTimers({ toFake: ['Date'] });
    const never = EtcdStorage.open(options);
    await expect.poll(() => warnings.length, { timeout: 5_000 }).toBe(2);
    vi.setSystemTime(Date.now() + 20_001);
    await expect(never).rejects.toThrow(
      /^etcd at http:\S+, http:\S+ can't be used: etcd can't be reached: connect ECONNREFUSED 127\.0\.0\.1:\d+$/,
    );
    vi.useRealTimers();
    await etcd.close();
  });

  test('TLS with client certificates, and a user with a password', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'kubewright-etcd-tls-'));
    const pki = await PkiDirectory.open(join(directory, 'pki'));
    const { authority } = pki;
    const server = await pki.server('etcd', 'etcd', ['127.0.0.1']);
    // A name that etcd does not know: the password decides.
    const client = await pki.client('client', { user: '', groups: ['kubewright'] });
    const file = (name: string, text: string) => {
      writeFileSync(join(directory, name), text);
      return join(directory, name);
    };
    const tls = {
      cert: file('server.crt', server.certificate),
      key: file('server.key', server.key),
      ca: file('ca.crt', authority.certificate),
    };
    const etcd = await startEtcd({ tls });
    const files = [
      ...['--cacert', tls.ca, '--cert', file('client.crt', client.certificate)],
      ...['--key', file('client.key', client.key)],
    ];
    etcdctl(etcd, ...files, 'user', 'add', 'root:secret');
    etcdctl(etcd, ...files, 'user', 'grant-role', 'root', 'root');
    etcdctl(etcd, ...files, 'auth', 'enable');
    const options: EtcdStorageOptions = {
      ...{
        endpoints: etcd.endpoints,
        logger,
        compactionIntervalMs: 0,
        ca: Buffer.from(authority.certificate),
      },
      ...{ certificate: Buffer.from(client.certificate), key: Buffer.from(client.key) },
      user: { name: 'root', password: 'secret' },
    };
    const storage = await EtcdStorage.open(options);
    const revision = await put(storage, '/a', 'one');
    expect((await storage.get('/a')).entry?.revision).toBe(revision);
    await storage.close();
    const wrong = EtcdStorage.open({ ...options, user: { name: 'root', password: 'wrong' } });
    await expect(wrong).rejects.toThrow(/^etcd at https:\S+ can't be used: .*authentication failed/);
    await etcd.close();
    rmSync(directory, { recursive: true });
  });
});
