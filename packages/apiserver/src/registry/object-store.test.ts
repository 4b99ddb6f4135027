import { Lease } from '@kubewright/api/coordination/v1';
import { ConfigMap } from '@kubewright/api/core/v1';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiServer } from '../server.js';
import { MemoryStorage } from '../storage/memory.js';

let server: ApiServer;
beforeAll(async () => {
  server = await ApiServer.start({ storage: new MemoryStorage(), logger: pino({ level: 'silent' }) });
});
afterAll(() => server.close(0));

describe('the server replaces its own objects', () => {
  const named = { name: 'a', namespace: 'default' };

  it('whatever they were, also of a kind that takes no unconditional update', async () => {
    const { objects } = server;
    for (const holderIdentity of ['first', 'second']) {
      await objects.replace(Lease, { metadata: named, spec: { holderIdentity } });
      expect((await objects.get(Lease, 'default', 'a'))?.spec?.holderIdentity).toBe(holderIdentity);
    }
  });

  it('and writes nothing that is so already', async () => {
    const { objects } = server;
    const made = await objects.replace(ConfigMap, { metadata: named, data: { a: '1' } });
    const again = await objects.replace(ConfigMap, { metadata: named, data: { a: '1' } });
    expect(again.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
  });
});
