import { ConfigMap } from '@kubewright/api/core/v1';
import type { Client } from '@kubewright/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Etcd, etcdctl, etcdPath, startEtcd } from '../etcd-process.js';
import { type ApiServers, startApiServers } from './api-servers.js';

// Debian has it as etcd-server and etcd-client.
describe.skipIf(etcdPath === undefined)('a server that is stopped (SIGSTOP) and goes on later', () => {
  let etcd: Etcd;
  let servers: ApiServers;
  let stopped: Client;
  let other: Client;
  beforeAll(async () => {
    etcd = await startEtcd();
    servers = await startApiServers(2, etcd);
    [stopped, other] = await Promise.all([servers.client(0), servers.client(1)]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([stopped?.close(), other?.close()]);
    await servers?.close();
    await etcd?.close();
  });
  const maps = (client: Client) => client.resource(ConfigMap).namespace('default');

  /** Follows the ConfigMaps of a prefix through the server that will be stopped. */
  function follow(prefix: string) {
    const stop = new AbortController();
    const names: string[] = [];
    let restarts = 0;
    const done = (async () => {
      for await (const event of maps(stopped).watcher({ signal: stop.signal })) {
        if (event.type === 'restarted') restarts++;
        const name = event.type === 'added' ? (event.object.metadata.name ?? '') : '';
        if (name.startsWith(prefix)) names.push(name);
      }
    })();
    const end = () => {
      stop.abort();
      return done;
    };
    return { names, restarts: () => restarts, end };
  }

  /** Stops the first server, lets something happen, and has it go on; a read is on its way before it does. */
  async function whileStopped<T>(happen: () => Promise<T>, read: () => Promise<unknown>) {
    servers.processes[0]?.signal('SIGSTOP');
    try {
      await happen();
      const answer = read();
      servers.processes[0]?.signal('SIGCONT');
      return await answer;
    } finally {
      servers.processes[0]?.signal('SIGCONT');
    }
  }

  it('answers no read with what was before, and its watches miss nothing', async () => {
    const watch = follow('a-');
    await maps(other).create({ metadata: { name: 'a-first' } });
    await expect.poll(() => watch.names).toEqual(['a-first']);
    const names = Array.from({ length: 100 }, (_, i) => `a-${i}`);
    const read = await whileStopped(
      async () => {
        for (const name of names) await maps(other).create({ metadata: { name } });
      },
      () => maps(stopped).get('a-99'),
    );
    expect(read).toMatchObject({ metadata: { name: 'a-99' } });
    await expect.poll(() => watch.names, { timeout: 10_000 }).toEqual(['a-first', ...names]);
    expect(watch.restarts()).toBe(0);
    await watch.end();
  });

  it('loads everything again where its history was compacted meanwhile, and who watches it is told to list again', async () => {
    const watch = follow('b-');
    await maps(other).create({ metadata: { name: 'b-first' } });
    await expect.poll(() => watch.names).toEqual(['b-first']);
    // More than the sockets between etcd and the server hold, and then more changes than etcd keeps for a watch that
    // does not read: 1,024.
    const data = { text: 'x'.repeat(800_000) };
    const names = Array.from({ length: 32 }, (_, i) => `b-${i}`);
    let more = 1_400;
    const change = async () => {
      while (more-- > 0) await maps(other).patchMerge('b-first', { data: { n: String(more) } });
    };
    const read = await whileStopped(
      async () => {
        for (const name of names) await maps(other).create({ metadata: { name }, data });
        await Promise.all(Array.from({ length: 32 }, change));
        const newest = (await maps(other).list({ limit: 1 })).metadata.resourceVersion ?? '';
        etcdctl(etcd, 'compact', newest);
      },
      () => maps(stopped).get('b-31'),
    );
    expect(read).toMatchObject({ metadata: { name: 'b-31' } });
    await expect
      .poll(() => watch.names.toSorted(), { timeout: 20_000 })
      .toEqual(['b-first', ...names].toSorted());
    expect(watch.restarts()).toBe(1);
    await watch.end();
  }, 60_000);
});
