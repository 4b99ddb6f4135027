import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { isConflict, isNotFound } from '@kubewright/api';
import { ConfigMap } from '@kubewright/api/core/v1';
import { ApiServer } from '@kubewright/apiserver';
import { EtcdStorage } from '@kubewright/apiserver/etcd';
import type { Storage, StorageEvent } from '@kubewright/apiserver/storage';
import { Client, inProcessTransport } from '@kubewright/client';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { type Etcd, etcdctl, startEtcd } from '../etcd-process.js';
import { type Action, notLinearizable, type Outcome } from './linearizability.js';
import { canMakeNetworks, type MemberNetwork, makeMemberNetwork } from './member-network.js';
import { type Perform, recordHistory, xorshift } from './registers.js';

const seed = Number(process.env.SOAK_SEED ?? 1 + Math.floor(Math.random() * 0x7fffff));
const rounds = Number(process.env.SOAK_ETCD_FAULTS ?? 20);
const logger = pino({ level: 'silent' });
/** How long a cluster that has a majority may take until it answers again. */
const recoveryMs = 15_000;

/** Registers that are ConfigMaps, read from the server's watch cache. */
function throughApi(client: Client): Perform {
  const maps = client.resource(ConfigMap).namespace('default');
  return async (register, action: Action): Promise<Outcome> => {
    const options = { timeoutMs: 12_000 };
    const object = async () =>
      maps.get(register, options).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
    if ('read' in action) return { value: (await object())?.data?.value ?? '' };
    const value = 'set' in action ? action.set : action.swap.to;
    for (;;) {
      const found = await object();
      if ('swap' in action && (found?.data?.value ?? '') !== action.swap.from) return { done: false };
      try {
        if (found === undefined)
          await maps.create({ metadata: { name: register }, data: { value } }, options);
        else await maps.replace({ ...found, data: { value } }, options);
        return { done: true };
      } catch (error) {
        // Another was faster: it is looked at again. Whatever else it is, nobody knows.
        if (!isConflict(error) && !(error as { reason?: string }).reason?.includes('AlreadyExists'))
          throw error;
      }
    }
  };
}

interface Fault {
  readonly name: string;
  /** @returns what makes the member well again */
  befall(etcd: Etcd, member: number): () => Promise<void> | void;
}

/** How long each flush of a slow disk takes: longer than an election. */
const slowFlushMs = 700;

const faults: readonly Fault[] = [
  {
    name: 'killed',
    befall: (etcd, member) => {
      etcd.members[member]?.signal('SIGKILL');
      return () => etcd.members[member]?.restart();
    },
  },
  {
    name: 'stopped',
    befall: (etcd, member) => {
      etcd.members[member]?.signal('SIGSTOP');
      return () => etcd.members[member]?.signal('SIGCONT');
    },
  },
  {
    name: 'with a slow disk',
    befall: (etcd, member) => {
      const inject = `inject=fdatasync,fsync:delay_enter=${slowFlushMs * 1000}`;
      const args = ['-f', '-q', '-e', 'trace=fdatasync,fsync', '-e', inject, '-o', '/dev/null'];
      const strace = spawn('strace', [...args, '-p', String(etcd.members[member]?.pid)], { stdio: 'ignore' });
      const exited = once(strace, 'exit');
      return async () => {
        strace.kill('SIGINT');
        await exited;
      };
    },
  },
];

function cuts(network: MemberNetwork): readonly Fault[] {
  return [
    { name: 'off the network', befall: (_, member) => network.hosts[member]?.isolate() ?? nothing },
    { name: 'cut from the others', befall: (_, member) => network.hosts[member]?.cutFromOthers() ?? nothing },
  ];
}
const nothing = () => undefined;

function leaderOf(etcd: Etcd): number {
  const status = JSON.parse(etcdctl(etcd, 'endpoint', 'status', '-w', 'json')) as {
    Status: { leader: number; header: { member_id: number } };
  }[];
  return Math.max(
    0,
    status.findIndex(({ Status }) => Status.leader === Status.header.member_id),
  );
}

async function record(storage: Storage, after: number) {
  const events: StorageEvent[] = [];
  let reached = 0;
  const watch = storage.watch(after, {
    onEvents: (batch, revision) => {
      events.push(...batch.filter(({ key }) => key.startsWith('/registry/configmaps/')));
      reached = revision;
    },
    onEnd: () => undefined,
  });
  return { events, reached: () => reached, close: () => watch.close() };
}

it(`with members killed, stopped, cut off and slow nothing acknowledged is lost, no read is stale, no watch has a gap (SOAK_SEED=${seed})`, {
  timeout: rounds * 60_000,
}, async () => {
  const network = canMakeNetworks ? makeMemberNetwork(3) : undefined;
  if (network === undefined) process.stdout.write('SKIPPED: partitions of the network need root\n');
  const etcd = await startEtcd({ members: 3, ...(network === undefined ? {} : { hosts: network.hosts }) });
  const all = [...faults, ...(network === undefined ? [] : cuts(network))];
  const random = xorshift(seed);
  const open = () => EtcdStorage.open({ endpoints: etcd.endpoints, logger, compactionIntervalMs: 0 });
  const storages = await Promise.all([open(), open()]);
  const servers = await Promise.all(storages.map((storage) => ApiServer.start({ storage, logger })));
  const admin = { name: 'admin', groups: ['system:masters'] };
  const clients = servers.map((server) => new Client(inProcessTransport(server.inProcess(admin))));
  const start = await (storages[0] as Storage).revision();
  const live = await Promise.all(storages.map((storage) => record(storage, start)));
  let over = false;
  const history = recordHistory({
    clients: Array.from({ length: 6 }, (_, i) => throughApi(clients[i % 2] as Client)),
    ...{ registers: 4, seed },
    goesOn: () => !over,
  });
  const recoveries: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await delay(500);
    const member = random(2) === 0 ? leaderOf(etcd) : random(3);
    // Each in turn, so that none is left out by chance.
    const fault = all[round % all.length] as Fault;
    const mend = fault.befall(etcd, member);
    const hurt = performance.now();
    // Two members are a majority: both servers answer again while the third is away.
    for (const client of clients) {
      await expect
        .poll(
          () =>
            client
              .resource(ConfigMap)
              .namespace('default')
              .list({ limit: 1 })
              .then(
                () => true,
                () => false,
              ),
          {
            timeout: recoveryMs,
            interval: 20,
          },
        )
        .toBe(true);
    }
    const recoveryTook = Math.round(performance.now() - hurt);
    recoveries.push(recoveryTook);
    process.stdout.write(`member ${member} ${fault.name}: both servers answer after ${recoveryTook} ms\n`);
    await delay(1_500);
    await mend();
  }
  over = true;
  const recorded = await history;
  const newest = await (storages[1] as Storage).revision();
  const replay = await record(storages[0] as Storage, start);
  await expect
    .poll(() => [replay, ...live].every(({ reached }) => reached() >= newest), { timeout: recoveryMs })
    .toBe(true);
  const text = (events: readonly StorageEvent[]) => events.map(({ key, revision }) => `${revision} ${key}`);
  for (const { events } of live) expect(text(events)).toEqual(text(replay.events));
  expect(notLinearizable(recorded)).toEqual([]);
  const unknown = recorded.filter(({ outcome }) => outcome === 'unknown').length;
  process.stdout.write(
    `${recorded.length} operations, ${unknown} of unknown outcome, longest recovery ${Math.max(...recoveries)} ms\n`,
  );
  for (const { close } of [replay, ...live]) close();
  await Promise.all(servers.map((server) => server.close(0)));
  await Promise.all(storages.map((storage) => storage.close()));
  await etcd.close();
  network?.close();
});
