import { isNotFound, ownerReference } from '@kubewright/api';
import { Lease } from '@kubewright/api/coordination/v1';
import { ConfigMap, Event, Secret } from '@kubewright/api/core/v1';
import { VirtualClock } from '@kubewright/client';
import {
  addFinalizer,
  hasFinalizer,
  LeaseLost,
  labelsChanged,
  Manager,
  type ManagerOptions,
  type Reconciler,
  removeFinalizer,
  TerminalError,
} from '@kubewright/controllers';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from './cluster.js';

let server: TestServer;
let stop: AbortController;

beforeEach(async () => {
  server = await startTestServer();
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  await server.close();
});

const maps = () => server.client.resource(ConfigMap).namespace('default');
const secrets = () => server.client.resource(Secret).namespace('default');

/** A manager with one controller of the ConfigMaps in the namespace `default`. */
function managerWith(
  reconcile: Reconciler,
  options: Partial<ManagerOptions> & { concurrency?: number } = {},
): Manager {
  const { concurrency = 1, ...managerOptions } = options;
  const manager = new Manager(server.client, { signal: stop.signal, ...managerOptions });
  manager
    .controller(ConfigMap, { name: 'test', namespace: 'default', concurrency, baseDelayMs: 1 })
    .owns(Secret, { namespace: 'default' })
    .reconcile(reconcile);
  return manager;
}

async function metric(manager: Manager, line: string): Promise<string | undefined> {
  const text = await manager.metrics.registry.metrics();
  return text
    .split('\n')
    .find((each) => each.startsWith(line))
    ?.slice(line.length + 1);
}

it('a manager has the metrics of controller-runtime 0.25, with their labels', async () => {
  await maps().create({ metadata: { name: 'a' } });
  let fails = true;
  const manager = managerWith(async ({ name }, { client }) => {
    await client.resource(ConfigMap).namespace('default').get(name);
    if (!fails) return undefined;
    fails = false;
    throw new TypeError('a mistake');
  });
  await manager.start();
  await until(async () =>
    expect(
      await metric(manager, 'controller_runtime_reconcile_total{controller="test",result="success"}'),
    ).toBe('1'),
  );
  const lines = (await manager.metrics.registry.metrics()).split('\n');
  const labels = new Map(
    lines
      .filter((line) => !line.startsWith('#') && line !== '')
      .map((line) => [
        line.replace(/[{ ].*/, '').replace(/_(bucket|sum|count)$/, ''),
        [...line.matchAll(/(\w+)="/g)]
          .map(([, label]) => label ?? '')
          .filter((label) => label !== 'le')
          .sort(),
      ]),
  );
  const [controller, queue] = [['controller'], ['controller', 'name']];
  expect(Object.fromEntries(labels)).toEqual({
    controller_runtime_reconcile_total: ['controller', 'result'],
    controller_runtime_reconcile_errors_total: controller,
    controller_runtime_terminal_reconcile_errors_total: controller,
    controller_runtime_reconcile_panics_total: controller,
    controller_runtime_reconcile_timeouts_total: controller,
    controller_runtime_reconcile_time_seconds: controller,
    controller_runtime_max_concurrent_reconciles: controller,
    controller_runtime_active_workers: controller,
    workqueue_depth: ['controller', 'name', 'priority'],
    workqueue_adds_total: queue,
    workqueue_retries_total: queue,
    workqueue_queue_duration_seconds: queue,
    workqueue_work_duration_seconds: queue,
    workqueue_unfinished_work_seconds: queue,
    workqueue_longest_running_processor_seconds: queue,
    rest_client_requests_total: ['code', 'host', 'method'],
  });
  expect(await metric(manager, 'controller_runtime_reconcile_panics_total{controller="test"}')).toBe('1');
  expect(
    Number(await metric(manager, 'rest_client_requests_total{code="200",method="GET",host="in-process"}')),
  ).toBeGreaterThanOrEqual(2);
});

describe('a controller', () => {
  it('is told of what was there, of what changes, and of what its objects own', async () => {
    await maps().create({ metadata: { name: 'old' } });
    const calls: string[] = [];
    const manager = managerWith(async ({ namespace, name }) => {
      calls.push(`${namespace}/${name}`);
      return undefined;
    });
    await manager.start();
    await until(async () => expect(calls).toEqual(['default/old']));
    const fresh = await maps().create({ metadata: { name: 'new' } });
    await until(async () => expect(calls).toEqual(['default/old', 'default/new']));
    await secrets().create({
      metadata: { name: 's', ownerReferences: [ownerReference(ConfigMap, fresh, true)] },
    });
    await until(async () => expect(calls).toEqual(['default/old', 'default/new', 'default/new']));
    await maps().delete('old');
    await until(async () => expect(calls.at(-1)).toBe('default/old'));
    expect(manager.ready).toBe(true);
    expect(
      await metric(manager, 'controller_runtime_reconcile_total{controller="test",result="success"}'),
    ).toBe('4');
  });

  it('works on different keys at once and on one key never twice', async () => {
    const open = new Map<string, () => void>();
    const running: string[] = [];
    let most = 0;
    const manager = managerWith(
      async ({ name }) => {
        expect(running).not.toContain(name);
        running.push(name);
        most = Math.max(most, running.length);
        await new Promise<void>((resolve) => open.set(name, resolve));
        running.splice(running.indexOf(name), 1);
        return undefined;
      },
      { concurrency: 3 },
    );
    await manager.start();
    for (const name of ['a', 'b', 'c']) await maps().create({ metadata: { name } });
    await until(async () => expect(most).toBe(3));
    await maps().patchMerge('a', { data: { x: '1' } });
    await until(async () => expect((await maps().get('a')).data).toEqual({ x: '1' }));
    expect(running.filter((name) => name === 'a')).toHaveLength(1);
    const first = open.get('a');
    first?.();
    // The change that came meanwhile is worked on next.
    await until(async () => expect(open.get('a')).not.toBe(first));
    for (const end of open.values()) end();
  });

  it('comes back after a failure and after the time that was asked for, not after a failure for good', async () => {
    const calls: string[] = [];
    const manager = managerWith(async ({ name }, { failures }) => {
      calls.push(`${name} ${failures}`);
      if (name === 'terminal') throw new TerminalError('no use');
      if (name === 'flaky' && failures < 2) throw new Error('not yet');
      return name === 'again' && calls.filter((call) => call.startsWith('again')).length < 3
        ? { requeueAfterMs: 5 }
        : undefined;
    });
    await manager.start();
    for (const name of ['terminal', 'flaky', 'again']) await maps().create({ metadata: { name } });
    await until(async () => {
      expect(calls.filter((call) => call.startsWith('flaky'))).toEqual(['flaky 0', 'flaky 1', 'flaky 2']);
      expect(calls.filter((call) => call.startsWith('again'))).toHaveLength(3);
    });
    expect(calls.filter((call) => call.startsWith('terminal'))).toEqual(['terminal 0']);
    expect(
      await metric(manager, 'controller_runtime_terminal_reconcile_errors_total{controller="test"}'),
    ).toBe('1');
    expect(await metric(manager, 'controller_runtime_reconcile_errors_total{controller="test"}')).toBe('3');
  });

  it('is spared what its predicates refuse', async () => {
    const calls: string[] = [];
    const manager = new Manager(server.client, { signal: stop.signal });
    manager
      .controller(ConfigMap, { namespace: 'default', predicates: [labelsChanged] })
      .reconcile(async ({ name }) => {
        calls.push(name);
        return undefined;
      });
    await manager.start();
    await maps().create({ metadata: { name: 'a' } });
    await until(async () => expect(calls).toEqual(['a']));
    await maps().patchMerge('a', { data: { x: '1' } });
    await maps().patchMerge('a', { metadata: { labels: { x: '1' } } });
    await until(async () => expect(calls).toEqual(['a', 'a']));
  });

  it('ends what it is at before its manager ends, and begins nothing new', async () => {
    const calls: string[] = [];
    let finish: () => void = () => undefined;
    const manager = managerWith(async ({ name }) => {
      calls.push(name);
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      calls.push('done');
      return undefined;
    });
    await manager.start();
    await maps().create({ metadata: { name: 'a' } });
    await maps().create({ metadata: { name: 'b' } });
    await until(async () => expect(calls).toEqual(['a']));
    stop.abort();
    finish();
    await manager.done;
    expect(calls).toEqual(['a', 'done']);
  });

  it('ends a reconcile that takes too long, and tries again', async () => {
    const calls: number[] = [];
    const clock = new VirtualClock(Date.now());
    const manager = new Manager(server.client, { signal: stop.signal, clock });
    manager
      .controller(ConfigMap, { name: 'slow', namespace: 'default', reconcileTimeoutMs: 1000 })
      .reconcile(async (_, { failures, signal }) => {
        calls.push(failures);
        if (failures === 0)
          await new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason)),
          );
        return undefined;
      });
    await manager.start();
    await maps().create({ metadata: { name: 'a' } });
    await until(async () => {
      await clock.advance(500);
      expect(calls).toEqual([0, 1]);
    });
    expect(await metric(manager, 'controller_runtime_reconcile_timeouts_total{controller="slow"}')).toBe('1');
  });

  it('works on what somebody just changed before what was there when it started', async () => {
    for (const name of ['a', 'b', 'c']) await maps().create({ metadata: { name } });
    const calls: string[] = [];
    let release: () => void = () => undefined;
    const first = new Promise<void>((resolve) => {
      release = resolve;
    });
    const manager = managerWith(async ({ name }) => {
      calls.push(name);
      await first;
      return undefined;
    });
    await manager.start();
    await until(async () => expect(calls).toEqual(['a']));
    await maps().create({ metadata: { name: 'new' } });
    await until(async () => expect(manager.busy).toBe(4));
    release();
    await until(async () => expect(calls).toEqual(['a', 'new', 'b', 'c']));
  });

  it('writes events, the same ones counted', async () => {
    const manager = managerWith(async (_, { events, client }) => {
      const object = await client.resource(ConfigMap).namespace('default').get('a');
      for (let time = 0; time < 3; time++) events.warning(object, 'Odd', 'this is odd');
      return undefined;
    });
    await manager.start();
    await maps().create({ metadata: { name: 'a' } });
    await until(async () => {
      const { items } = await server.client.resource(Event).namespace('default').list();
      expect(items).toMatchObject([
        {
          type: 'Warning',
          reason: 'Odd',
          message: 'this is odd',
          count: 3,
          involvedObject: { kind: 'ConfigMap', name: 'a' },
          source: { component: 'test' },
        },
      ]);
    });
  });
});

describe('the endpoints of a manager', () => {
  it('serve health, readiness and metrics while it runs', async () => {
    const manager = managerWith(async () => undefined, { endpoints: { port: 0, host: '127.0.0.1' } });
    let isWell = true;
    manager.addCheck('readyz', 'disk', () => {
      if (!isWell) throw new Error('full');
    });
    await manager.start();
    const base = `http://127.0.0.1:${manager.endpoints?.port}`;
    const ask = async (path: string) => {
      const response = await fetch(base + path);
      return [response.status, await response.text()] as const;
    };
    expect(await ask('/healthz')).toEqual([200, 'ok']);
    expect(await ask('/readyz?verbose')).toEqual([200, '[+]caches ok\n[+]disk ok\nreadyz check passed\n']);
    isWell = false;
    expect(await ask('/readyz')).toEqual([500, '[+]caches ok\n[-]disk failed: full\nreadyz check failed\n']);
    expect((await ask('/readyz/caches'))[0]).toBe(200);
    expect((await ask('/other'))[0]).toBe(404);
    const [, text] = await ask('/metrics');
    for (const name of ['controller_runtime_active_workers', 'workqueue_longest_running_processor_seconds'])
      expect(text).toContain(name);
    stop.abort();
    await manager.done;
    await expect(fetch(base)).rejects.toThrow();
  });
});

describe('what runs beside controllers', () => {
  it('runs on a standby where it needs no lease, and ends the manager when it fails', async () => {
    const clock = new VirtualClock(Date.now());
    await server.client
      .resource(Lease)
      .namespace('kube-system')
      .create({
        metadata: { name: 'held' },
        spec: { holderIdentity: 'other', leaseDurationSeconds: 3600 },
      });
    const manager = managerWith(async () => undefined, {
      clock,
      leaderElection: { name: 'held', identity: 'standby' },
    });
    let fail: (reason: Error) => void = () => undefined;
    let isRunning = false;
    manager.add(
      () =>
        new Promise<void>((_, reject) => {
          isRunning = true;
          fail = reject;
        }),
      { needsLease: false },
    );
    manager.add(() => {
      throw new Error('this one needs the lease');
    });
    manager.start().catch(() => undefined);
    const ended = expect(manager.done).rejects.toThrow('broken');
    await until(async () => expect(isRunning).toBe(true));
    expect(manager.leading).toBe(false);
    fail(new Error('broken'));
    await ended;
  });
});

describe('finalizers', () => {
  it('hold an object until they are taken off', async () => {
    const object = await maps().create({ metadata: { name: 'a', finalizers: ['example.dev/other'] } });
    const held = await addFinalizer(maps(), object, 'example.dev/hold');
    expect(held.metadata.finalizers).toEqual(['example.dev/other', 'example.dev/hold']);
    await maps().delete('a');
    const deleted = await maps().get('a');
    const left = await removeFinalizer(maps(), deleted, 'example.dev/other');
    expect(left !== undefined && hasFinalizer(left, 'example.dev/hold')).toBe(true);
    if (left !== undefined) await removeFinalizer(maps(), left, 'example.dev/hold');
    expect(await maps().get('a').catch(isNotFound)).toBe(true);
  });
});

describe('leader election', () => {
  const leases = () => server.client.resource(Lease).namespace('kube-system');

  function candidate(identity: string, clock: VirtualClock, signal: AbortSignal) {
    const calls: string[] = [];
    const manager = new Manager(server.client, { signal, clock, leaderElection: { name: 'test', identity } });
    manager.controller(ConfigMap, { namespace: 'default' }).reconcile(async ({ name }) => {
      calls.push(name);
      return undefined;
    });
    const started = manager.start().catch(() => undefined);
    return { manager, calls, started };
  }

  it('lets one work at a time, and the next begin when the first ends', async () => {
    const clock = new VirtualClock(Date.now());
    const second = new AbortController();
    const first = candidate('one', clock, stop.signal);
    await first.started;
    const standby = candidate('two', clock, second.signal);
    await maps().create({ metadata: { name: 'a' } });
    await until(async () => expect(first.calls).toEqual(['a']));
    await until(async () => expect(standby.manager.ready).toBe(true));
    for (let round = 0; round < 15; round++) await clock.advance(2000);
    expect(standby.manager.leading).toBe(false);
    expect((await leases().get('test')).spec).toMatchObject({ holderIdentity: 'one', leaseTransitions: 0 });
    stop.abort();
    await first.manager.done;
    expect((await leases().get('test')).spec?.holderIdentity ?? '').toBe('');
    await until(async () => {
      await clock.advance(1000);
      expect(standby.calls).toEqual(['a']);
    });
    expect((await leases().get('test')).spec).toMatchObject({ holderIdentity: 'two' });
    second.abort();
    await standby.manager.done;
  });

  it('stops a leader whose lease another has taken, and refuses its writes after its deadline', async () => {
    const clock = new VirtualClock(Date.now());
    const { manager, started } = candidate('one', clock, stop.signal);
    await started;
    const lease = await leases().get('test');
    await leases().replace({ ...lease, spec: { ...lease.spec, holderIdentity: 'thief' } });
    const ended = manager.done.catch((error: unknown) => error);
    for (let round = 0; round < 10; round++) await clock.advance(2000);
    expect(await ended).toBeInstanceOf(LeaseLost);
    const late = manager.client
      .resource(ConfigMap)
      .create({ metadata: { name: 'late', namespace: 'default' } });
    await expect(late).rejects.toBeInstanceOf(LeaseLost);
    expect(await maps().get('late').catch(isNotFound)).toBe(true);
  });
});
