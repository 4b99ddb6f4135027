import { expect, it } from 'vitest';
import { MemoryStorage } from '../storage/memory.js';
import { BootstrapStore, makeJoinToken, WrongJoinTokenError } from './bootstrap-material.js';

const material = { 'ca.key': 'the key of the authority', 'sa.key': 'the key of tokens' };

it('is there for who has the token, and nobody reads it in the store', async () => {
  const storage = new MemoryStorage();
  const token = makeJoinToken();
  const store = new BootstrapStore(storage, token);
  expect(await BootstrapStore.isThere(storage)).toBe(false);
  expect(await store.read()).toBeUndefined();
  expect(await store.publish(material)).toEqual(material);
  expect(await BootstrapStore.isThere(storage)).toBe(true);
  expect(await new BootstrapStore(storage, token).read()).toEqual(material);
  const { entries } = await storage.list('');
  const bytes = entries.map(({ value }) => value.toString()).join();
  for (const text of [...Object.keys(material), ...Object.values(material), token])
    for (const encoding of ['utf8', 'base64', 'hex'] as const)
      expect(bytes).not.toContain(Buffer.from(text).toString(encoding).replace(/=+$/, ''));
});

it('is that of the first of several that start together', async () => {
  const storage = new MemoryStorage();
  const token = makeJoinToken();
  const published = await Promise.all(
    ['a', 'b', 'c'].map((name) => new BootstrapStore(storage, token).publish({ name })),
  );
  expect(new Set(published.map(({ name }) => name)).size).toBe(1);
});

it('changes for all', async () => {
  const storage = new MemoryStorage();
  const token = makeJoinToken();
  const store = new BootstrapStore(storage, token);
  await store.publish(material);
  await new BootstrapStore(storage, token).change((known) => ({ ...known, more: 'of it' }));
  expect(await store.read()).toEqual({ ...material, more: 'of it' });
});

it('is refused to another token, and where somebody changed it', async () => {
  const storage = new MemoryStorage();
  const token = makeJoinToken();
  await new BootstrapStore(storage, token).publish(material);
  const other = new BootstrapStore(storage, makeJoinToken());
  await expect(other.read()).rejects.toThrow(WrongJoinTokenError);
  await expect(other.publish({})).rejects.toThrow(WrongJoinTokenError);
  await expect(other.change(() => ({}))).rejects.toThrow(WrongJoinTokenError);
  const [entry] = (await storage.list('')).entries;
  const text = entry?.value.toString() ?? '';
  const at = text.indexOf('"data":"') + 8;
  const flipped = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
  await storage.write(entry?.key ?? '', () => ({ put: Buffer.from(flipped) }));
  await expect(new BootstrapStore(storage, token).read()).rejects.toThrow(WrongJoinTokenError);
});

it('wants a token that is not guessed', () => {
  expect(() => new BootstrapStore(new MemoryStorage(), 'secret')).toThrow(/at least 16 characters/);
});
