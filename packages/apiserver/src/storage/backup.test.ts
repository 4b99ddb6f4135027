import { pino } from 'pino';
import { expect, test } from 'vitest';
import { ApiServer } from '../server.js';
import { readBackup, writeBackup } from './backup.js';
import { MemoryStorage } from './memory.js';
import { mustBeWhole, restoreBackup, revisionAfter } from './restore-backup.js';
import type { Storage } from './storage.js';

const put = (storage: Storage, key: string, value: string) =>
  storage.write(key, () => ({ put: Buffer.from(value) }));

async function filled(): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  for (let i = 0; i < 1200; i++) await put(storage, `/registry/pods/default/p${i}`, `{"i":${i}}`);
  await put(storage, '/registry/secrets/default/s', 'k8s:enc:\n\0binary');
  await put(storage, '/registry/masterleases/10.0.0.1:6443', '{}');
  return storage;
}

async function backupOf(storage: Storage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of writeBackup(storage, new Date(0))) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const startedOn = (storage: Storage) => ApiServer.start({ storage, logger: pino({ level: 'silent' }) });

/** In pieces that end anywhere. */
async function* inPieces(bytes: Buffer, size = 777): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test('a backup has everything of one revision, whatever is written meanwhile', async () => {
  const storage = await filled();
  const chunks: Buffer[] = [];
  for await (const chunk of writeBackup(storage, new Date(0))) {
    chunks.push(chunk);
    await put(storage, '/registry/pods/default/p999', 'new');
    await put(storage, '/registry/pods/default/zz', 'new');
  }
  const { head, entries } = await readBackup(inPieces(Buffer.concat(chunks)));
  expect(head).toEqual({ revision: 1203, at: '1970-01-01T00:00:00.000Z' });
  const read = new Map<string, string>();
  for await (const { key, value } of entries) read.set(key, value.toString());
  expect(read.size).toBe(1201);
  expect(read.get('/registry/pods/default/p999')).toBe('{"i":999}');
  expect(read.get('/registry/secrets/default/s')).toBe('k8s:enc:\n\0binary');
});

test('a restored store has every object, revisions above all before, and none of the history', async () => {
  const bytes = await backupOf(await filled());
  const backup = await readBackup(inPieces(bytes));
  const storage = new MemoryStorage({ firstRevision: revisionAfter(backup.head) });
  const restored = await restoreBackup(storage, backup);
  expect(restored).toMatchObject({ entries: 1201, above: true });
  expect((await storage.list('')).entries.length).toBe(1201);
  const end = await new Promise((resolve) => {
    storage.watch(backup.head.revision, { onEvents: () => undefined, onEnd: resolve });
  });
  expect(end).toMatchObject({ reason: 'Expired' });
  await expect(restoreBackup(storage, await readBackup(inPieces(bytes)))).rejects.toThrow(
    'the store has objects already',
  );
});

test('of a restore that was broken off nothing is served, and the next begins anew', async () => {
  const storage = new MemoryStorage();
  const { head } = await readBackup(inPieces(await backupOf(await filled())));
  const broken = async function* () {
    for (let i = 0; i < 700; i++)
      yield { key: `/registry/configmaps/default/m${i}`, revision: 1, value: Buffer.from('{}') };
    throw new Error('cut off');
  };
  await expect(restoreBackup(storage, { head, entries: broken() })).rejects.toThrow('cut off');
  expect((await storage.list('/registry/configmaps/')).entries.length).toBeGreaterThan(0);
  for (const refused of [mustBeWhole(storage), backupOf(storage), startedOn(storage)])
    await expect(refused).rejects.toThrow('the store has a part of a backup only');
  const other = await readBackup(inPieces(await backupOf(await filled())));
  expect(await restoreBackup(storage, other)).toMatchObject({ entries: 1201 });
  await mustBeWhole(storage);
  const { entries } = await storage.list('');
  expect(entries.length).toBe(1201);
  expect(entries.filter(({ key }) => !/^\/registry\/(pods|secrets)\//.test(key))).toEqual([]);
});

test('a restore that stood still while another began writes no more', async () => {
  const storage = new MemoryStorage();
  const bytes = await backupOf(await filled());
  const slow = await readBackup(inPieces(bytes));
  const entries = async function* () {
    yield* (await readBackup(inPieces(bytes))).entries;
    await restoreBackup(storage, await readBackup(inPieces(bytes)));
    yield { key: '/registry/pods/default/late', revision: 1, value: Buffer.from('{}') };
  };
  const restored = restoreBackup(storage, { head: slow.head, entries: entries() });
  await expect(restored).rejects.toThrow('another restore into this store has begun meanwhile');
  expect((await storage.get('/registry/pods/default/late')).entry).toBeUndefined();
});

test('a store whose revisions can not be raised says so', async () => {
  const backup = await readBackup(inPieces(await backupOf(await filled())));
  expect(await restoreBackup(new MemoryStorage(), backup)).toMatchObject({ above: false });
});

test('a backup that is cut off, or changed by one byte, is refused', async () => {
  const bytes = await backupOf(await filled());
  const readAll = async (of: Buffer) => {
    for await (const _ of (await readBackup(inPieces(of))).entries);
  };
  await readAll(bytes);
  for (const length of [0, 10, 5000, bytes.length - 1, bytes.length - 90]) {
    await expect(readAll(bytes.subarray(0, length))).rejects.toThrow('the backup is damaged or cut off');
  }
  for (const at of [200, 5000, bytes.length - 200]) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await expect(readAll(changed)).rejects.toThrow('the backup is damaged or cut off');
  }
  await expect(readAll(Buffer.from('{"kind":"List"}\n'))).rejects.toThrow('is no backup of Kubewright');
  const newer = Buffer.from(bytes.toString().replace('"version":1', '"version":2'));
  await expect(readAll(newer)).rejects.toThrow('was made by a newer version of Kubewright (format 2)');
});
