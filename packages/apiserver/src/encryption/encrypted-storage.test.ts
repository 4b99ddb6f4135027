import { createDecipheriv } from 'node:crypto';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { MemoryStorage } from '../storage/memory.js';
import type { StorageEvent } from '../storage/storage.js';
import { encryptedStorage } from './encrypted-storage.js';
import { Encryption } from './encryption.js';
import { parseEncryptionConfiguration } from './encryption-configuration.js';

const logger = pino({ level: 'silent' });
const [one, two] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const keys = (...named: [string, Buffer][]) => ({
  keys: named.map(([name, secret]) => ({ name, secret: secret.toString('base64') })),
});
const parse = (providers: object[], resources = ['secrets']) =>
  parseEncryptionConfiguration(
    JSON.stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [{ resources, providers }],
    }),
    'encryption.yaml',
  );

const key = '/registry/secrets/default/a';
const object = '{"apiVersion":"v1","kind":"Secret","data":{"password":"hunter2"}}';

async function open(providers: object[], engine = new MemoryStorage()) {
  const encryption = await Encryption.open(await parse(providers), logger);
  encryption.name('/registry/secrets/', { group: '', resource: 'secrets' });
  encryption.name('/registry/configmaps/', { group: '', resource: 'configmaps' });
  const storage = encryptedStorage(engine, encryption);
  const raw = async (of = key) => (await engine.get(of)).entry?.value.toString('latin1') ?? '';
  const put = (text = object, of = key) => storage.write(of, () => ({ put: Buffer.from(text) }));
  const get = async (of = key) => (await storage.get(of)).entry?.value.toString();
  /** As an update that changes nothing. */
  const touch = () => storage.write(key, () => ({ keep: true, unchanged: true }));
  return { engine, encryption, storage, raw, put, get, touch };
}

describe.each<[string, object, string]>([
  ['AES-GCM', { aesgcm: keys(['key1', one]) }, 'k8s:enc:aesgcm:v1:key1:'],
  ['AES-CBC', { aescbc: keys(['key1', one]) }, 'k8s:enc:aescbc:v1:key1:'],
  ['secretbox', { secretbox: keys(['key1', one]) }, 'k8s:enc:secretbox:v1:key1:'],
])('%s', (_name, provider, prefix) => {
  it('keeps what the engine stores unreadable, and shows it as it was', async () => {
    const { raw, put, get, storage } = await open([provider]);
    await put();
    expect(await raw()).toMatch(new RegExp(`^${prefix}`));
    expect(await raw()).not.toContain('hunter2');
    expect(await get()).toBe(object);
    const { entries } = await storage.list('/registry/secrets/');
    expect(entries.map(({ value }) => value.toString())).toEqual([object]);
  });

  it('stores other resources as they are', async () => {
    const { raw, put } = await open([provider]);
    await put('{"a":1}', '/registry/configmaps/default/a');
    expect(await raw('/registry/configmaps/default/a')).toBe('{"a":1}');
  });

  it('refuses what was changed in the store or moved there', async () => {
    const { engine, get, put, storage } = await open([provider]);
    await put();
    const { value } = (await engine.get(key)).entry ?? { value: Buffer.alloc(0) };
    const changed = Buffer.from(value);
    changed[changed.length - 20] = (changed.at(-20) ?? 0) ^ 0xff;
    await engine.write(key, () => ({ put: changed }));
    // Without authentication a change may only make something else of it.
    if (prefix.includes('aescbc')) return;
    await expect(get()).rejects.toThrow(`unable to transform key "${key}"`);
    if (prefix.includes('secretbox')) return;
    await engine.write('/registry/secrets/default/b', () => ({ put: Buffer.from(value) }));
    await expect(storage.get('/registry/secrets/default/b')).rejects.toThrow('unable to transform');
  });
});

it('stores AES-GCM as upstream does: nonce, ciphertext and tag, bound to the place', async () => {
  const { engine, put } = await open([{ aesgcm: keys(['key1', one]) }]);
  await put();
  const value = (await engine.get(key)).entry?.value ?? Buffer.alloc(0);
  const body = value.subarray('k8s:enc:aesgcm:v1:key1:'.length);
  const decipher = createDecipheriv('aes-256-gcm', one, body.subarray(0, 12));
  decipher.setAAD(Buffer.from(key));
  decipher.setAuthTag(body.subarray(-16));
  expect(decipher.update(body.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8')).toBe(object);
});

describe('changing keys', () => {
  it('reads old ones, writes with the first, and stores an unchanged object anew under it', async () => {
    const { encryption, raw, put, get, touch } = await open([{ aesgcm: keys(['key1', one]) }]);
    const first = await put();
    expect(await touch()).toBe(first);
    await encryption.replace(await parse([{ aesgcm: keys(['key2', two], ['key1', one]) }]));
    expect(await get()).toBe(object);
    expect(await touch()).toBeGreaterThan(first);
    expect(await raw()).toMatch(/^k8s:enc:aesgcm:v1:key2:/);
    await encryption.replace(await parse([{ aesgcm: keys(['key2', two]) }]));
    expect(await get()).toBe(object);
  });

  it('does not read what no provider has the key of', async () => {
    const { encryption, put, get } = await open([{ aesgcm: keys(['key1', one]) }]);
    await put();
    await encryption.replace(await parse([{ aesgcm: keys(['key2', two]) }]));
    await expect(get()).rejects.toThrow('no provider has the prefix of the stored data');
  });

  it('encrypts what was plaintext, with identity last, and makes it plaintext again, with identity first', async () => {
    const { encryption, raw, put, get, touch } = await open([{ identity: {} }]);
    await put();
    expect(await raw()).toBe(object);
    await encryption.replace(await parse([{ secretbox: keys(['key1', one]) }, { identity: {} }]));
    expect(await get()).toBe(object);
    await touch();
    expect(await raw()).toMatch(/^k8s:enc:secretbox:v1:key1:/);
    await encryption.replace(await parse([{ identity: {} }, { secretbox: keys(['key1', one]) }]));
    expect(await get()).toBe(object);
    await touch();
    expect(await raw()).toBe(object);
  });
});

it('shows watchers plaintext, before the write is answered', async () => {
  const { storage, put } = await open([{ aesgcm: keys(['key1', one]) }]);
  const seen: (readonly [string | undefined, string | undefined])[] = [];
  const onEvents = (events: readonly StorageEvent[]) => {
    for (const { value, previous } of events) seen.push([value?.toString(), previous?.value.toString()]);
  };
  const watch = storage.watch(await storage.revision(), { onEvents, onEnd: () => undefined });
  await put();
  await put('{"apiVersion":"v1","b":2}');
  expect(seen).toEqual([
    [object, undefined],
    ['{"apiVersion":"v1","b":2}', object],
  ]);
  watch.close();
});

it.each<[string, object, string]>([
  [
    'a key of the wrong length',
    { aesgcm: keys(['k', Buffer.alloc(5)]) },
    'must be 16, 24, 32 bytes in base64, not 5',
  ],
  ['no provider', {}, 'providers[0] in body should have at least 1 properties'],
  ['an unknown one', { rot13: {} }, 'unknown field "resources[0].providers[0].rot13"'],
  [
    'KMS of version 1',
    { kms: { apiVersion: 'v1', name: 'k', endpoint: 'unix:///x' } },
    'kms.apiVersion: Unsupported value: "v1": supported values: "v2"',
  ],
])('refuses a configuration with %s, without its secrets', async (_name, provider, message) => {
  await expect(parse([provider])).rejects.toThrow(message);
});
