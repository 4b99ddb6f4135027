import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openEncryption } from './encryption.js';

const logger = pino({ level: 'silent' });
const configuration = (key: string) => `
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - aesgcm: { keys: [{ name: ${key}, secret: MDEyMzQ1Njc4OWFiY2RlZg== }] }
      - identity: {}
`;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** What the cluster's servers have in common, as far as it is asked for here. */
function clusterWith(content: string | undefined) {
  let current = content;
  return {
    serviceRange: '',
    renewAuthorities: async () => undefined,
    encryptionConfiguration: async () => current,
    setEncryptionConfiguration: async (next: string) => {
      current = next;
    },
  };
}

it('a server that runs begins to encrypt when another gives the cluster a configuration, and changes keys with it', async () => {
  const cluster = clusterWith(undefined);
  const opened = await openEncryption({}, { cluster, logger });
  opened?.encryption.name('/registry/secrets/', { group: '', resource: 'secrets' });
  const stored = async () => {
    const chain = opened?.encryption.chainOf('/registry/secrets/default/a');
    return Buffer.from((await chain?.encrypt(Buffer.from('{}'), 'a')) ?? '').toString('latin1');
  };
  expect(await stored()).toBe('');
  for (const key of ['k1', 'k2']) {
    await cluster.setEncryptionConfiguration(configuration(key));
    await vi.advanceTimersByTimeAsync(60_000);
    await vi.waitFor(async () => expect(await stored()).toMatch(`k8s:enc:aesgcm:v1:${key}:`));
  }
  const counted = async (name: string) => {
    const metric = opened?.encryption.metrics.metrics().find((each) => each.name === `apiserver_${name}`);
    return (await metric?.get())?.values;
  };
  expect(await counted('encryption_config_controller_automatic_reloads_total')).toMatchObject([
    { labels: { status: 'success' }, value: 2 },
  ]);
  expect(await counted('storage_transformation_operations_total')).toEqual([
    {
      labels: {
        resource: 'secrets',
        status: 'OK',
        transformation_type: 'to_storage',
        transformer_prefix: 'k8s:enc:aesgcm:v1:',
      },
      value: expect.any(Number),
    },
  ]);
  opened?.close();
});

it('a server alone, of which nobody said that it encrypts, does not', async () => {
  expect(await openEncryption({}, { cluster: undefined, logger })).toBeUndefined();
});
