import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isNotFound } from '@kubewright/api';
import { ConfigMap, Secret } from '@kubewright/api/core/v1';
import { Client, inProcessTransport } from '@kubewright/client';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ApiServer } from '../server.js';
import { LmdbStorage } from '../storage/lmdb.js';
import { Encryption } from './encryption.js';
import type { EncryptionProvider } from './encryption-configuration.js';

const logger = pino({ level: 'silent' });
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubewright-encrypted-'));
});
afterEach(() => rm(directory, { recursive: true }));

const aes = (name: string, byte: number): EncryptionProvider => ({
  type: 'aesgcm',
  keys: [{ name, secret: Buffer.alloc(32, byte) }],
});

async function start(providers: readonly EncryptionProvider[]) {
  const storage = await LmdbStorage.open(directory);
  const encryption = await Encryption.open({ resources: [{ resources: ['secrets'], providers }] }, logger);
  const server = await ApiServer.start({ storage, logger, encryption });
  const client = new Client(
    inProcessTransport(server.inProcess({ name: 'admin', groups: ['system:masters'] })),
  );
  return {
    secrets: client.resource(Secret).namespace('default'),
    maps: client.resource(ConfigMap).namespace('default'),
    close: async () => {
      await client.close();
      await server.close(0);
      await storage.close();
    },
  };
}

/** Everything that lies in the directory. */
async function allBytes(): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const contents = await Promise.all(
    files.map((file) => readFile(join(file.parentPath, file.name), 'latin1')),
  );
  return contents.join('');
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

it('leaves no plaintext of a secret in the files of the store, of what it was or of what is deleted either', async () => {
  const server = await start([aes('key1', 1)]);
  await server.secrets.create({
    metadata: { name: 'a', labels: { tag: 'label-of-secret' } },
    stringData: { password: 'first-secret' },
  });
  const { metadata } = await server.secrets.get('a');
  await server.secrets.replace({ metadata, data: { password: base64('second-secret') } });
  await server.secrets.create({ metadata: { name: 'b' }, stringData: { password: 'third-secret' } });
  await server.secrets.delete('b');
  await server.maps.create({ metadata: { name: 'a' }, data: { text: 'first-map' } });
  expect((await server.secrets.get('a')).data).toEqual({ password: base64('second-secret') });
  await server.close();
  const bytes = await allBytes();
  expect(bytes).toContain('first-map');
  expect(bytes).toContain('k8s:enc:aesgcm:v1:key1:');
  for (const text of ['first-secret', 'second-secret', 'third-secret']) {
    expect(bytes).not.toContain(text);
    expect(bytes).not.toContain(base64(text));
  }
  expect(bytes).not.toContain('label-of-secret');
});

it('goes on after a restart with another key, and stores anew what is written as it was', async () => {
  const before = await start([aes('key1', 1)]);
  await before.secrets.create({ metadata: { name: 'a' }, stringData: { password: 'first-secret' } });
  await before.close();
  const server = await start([aes('key2', 2), aes('key1', 1)]);
  const found = await server.secrets.get('a');
  expect(found.data).toEqual({ password: base64('first-secret') });
  const written = await server.secrets.replace(found);
  expect(Number(written.metadata.resourceVersion)).toBeGreaterThan(Number(found.metadata.resourceVersion));
  expect((await server.secrets.replace(written)).metadata.resourceVersion).toBe(
    written.metadata.resourceVersion,
  );
  await server.close();
  const after = await start([aes('key2', 2)]);
  expect((await after.secrets.get('a')).data).toEqual({ password: base64('first-secret') });
  await after.secrets.delete('a');
  await expect(after.secrets.get('a')).rejects.toSatisfy(isNotFound);
  await after.close();
});
