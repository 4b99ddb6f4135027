import { expect, test } from 'vitest';
import type { EtcdClient } from './etcd-client.js';
import { EtcdCompaction } from './etcd-compaction.js';
import { methods } from './etcd-messages.js';

/** As much of etcd as a compaction asks of it. */
class ClockOnly {
  revision = 10;
  version = 0;
  readonly compacted: number[] = [];

  readonly client = {
    write: async (_: unknown, request: { compare?: readonly { version?: number }[] }) => {
      const succeeded = request.compare?.[0]?.version === this.version;
      if (succeeded) {
        this.version++;
        this.revision++;
      }
      const responses = [{ range: { kvs: [{ version: this.version }] } }];
      return { header: { revision: this.revision }, succeeded, responses };
    },
    read: async (method: unknown, request: { revision?: number }) => {
      expect(method).toBe(methods.compact);
      this.compacted.push(request.revision ?? 0);
      return {};
    },
  } as unknown as Pick<EtcdClient, 'read' | 'write'>;
}

test("of several servers one compacts an interval, to what was the newest an interval ago, by upstream's clock", async () => {
  const etcd = new ClockOnly();
  const ticker = () => new EtcdCompaction(etcd.client, { intervalMs: 3_600_000, onError: () => undefined });
  const [one, two] = [ticker(), ticker()];
  await one.tick();
  await two.tick();
  expect(etcd.compacted).toEqual([]);
  etcd.revision = 100;
  await one.tick();
  await two.tick();
  expect(etcd.compacted).toEqual([11]);
  etcd.revision = 200;
  // The other one's turn.
  await two.tick();
  await one.tick();
  expect(etcd.compacted).toEqual([11, 101]);
  await Promise.all([one.close(), two.close()]);
});
