import { isConflict, isNotFound, isTooManyRequests } from '@kubewright/api';
import { ConfigMap } from '@kubewright/api/core/v1';
import { inProcessTransport, VirtualClock } from '@kubewright/client';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Faults, SimulatedCrash } from './faults.js';
import { startTestServer, type TestServer } from './test-server.js';

let base: TestServer;
let server: TestServer;
let faults: Faults;

beforeAll(async () => {
  base = await startTestServer();
  return () => base.close();
});
beforeEach(async () => {
  server = await base.fork();
  faults = new Faults();
  return () => server.close();
});

const maps = () => faults.through(server.client).resource(ConfigMap).namespace('default');
const real = () => server.client.resource(ConfigMap).namespace('default');
const named = (name: string) => ({ metadata: { name } });

describe('faults', () => {
  it('refuse what matches, as often as they should', async () => {
    faults.refuse(409, { method: 'POST', plural: 'configmaps', times: 2 });
    await expect(maps().create(named('a'))).rejects.toSatisfy(isConflict);
    expect(await maps().get('a').catch(isNotFound)).toBe(true);
    await expect(maps().create(named('a'))).rejects.toSatisfy(isConflict);
    await maps().create(named('a'));
    faults.refuse(429);
    await expect(maps().get('a')).rejects.toSatisfy(isTooManyRequests);
    expect(faults.writes).toEqual(Array(3).fill('POST /api/v1/namespaces/default/configmaps'));
  });

  it('lose an answer to what has happened, and refuse connections to what has not', async () => {
    faults.loseAnswer({ method: 'WRITE' });
    await expect(maps().create(named('a'))).rejects.toThrow('reset');
    await real().get('a');
    faults.disconnect({ times: Number.POSITIVE_INFINITY });
    await expect(maps().list({ timeoutMs: 50 })).rejects.toThrow();
    faults.clear();
    await maps().get('a');
  });

  it('delay by their clock', async () => {
    const clock = new VirtualClock();
    faults = new Faults({ clock });
    faults.delay(1000, { method: 'GET' });
    let isRead = false;
    const reading = maps()
      .list()
      .then(() => {
        isRead = true;
      });
    await clock.advance(999);
    expect(isRead).toBe(false);
    await clock.advance(1);
    await reading;
  });

  it('answer reads out of the past', async () => {
    await real().create(named('old'));
    const past = await server.fork();
    const source = inProcessTransport(past.server.inProcess({ name: 'admin', groups: ['system:masters'] }));
    await real().create(named('new'));
    faults.readFrom(source, { plural: 'configmaps' });
    expect((await maps().list()).items.map(({ metadata }) => metadata.name)).toEqual(['old']);
    faults.clear();
    expect((await maps().list()).items).toHaveLength(2);
    await past.close();
  });

  it('end watches and hold them back, and caches get over it', async () => {
    const client = faults.through(server.client);
    const states: string[] = [];
    const informer = client.informer(ConfigMap, { namespace: 'default' }).start();
    informer.on({ add: ({ metadata }) => states.push(metadata.name ?? '') });
    await informer.synced;
    faults.expireWatches('configmaps');
    await real().create(named('a'));
    await vi.waitFor(() => expect(states).toEqual(['a']), { timeout: 15_000 });
    faults.freeze('configmaps');
    const { metadata } = await real().create(named('b'));
    await expect(informer.waitFor(metadata.resourceVersion ?? '', { timeoutMs: 30 })).rejects.toThrow();
    faults.thaw();
    await informer.waitFor(metadata.resourceVersion ?? '');
    faults.dropWatches();
    await real().create(named('c'));
    await vi.waitFor(() => expect(states).toEqual(['a', 'b', 'c']), { timeout: 5000 });
    informer.stop();
  });

  it.each(['before', 'after'] as const)('crash a process %s a write', async (when) => {
    const crashed = faults.crashAt(when, 2);
    await maps().create(named('a'));
    await expect(maps().create(named('b'))).rejects.toBeInstanceOf(SimulatedCrash);
    await crashed;
    await expect(maps().get('a')).rejects.toBeInstanceOf(SimulatedCrash);
    expect((await real().list()).items).toHaveLength(when === 'before' ? 1 : 2);
  });
});
