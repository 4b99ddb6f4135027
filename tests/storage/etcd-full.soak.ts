import { isApiError } from '@kubewright/api';
import { ConfigMap } from '@kubewright/api/core/v1';
import { ApiServer } from '@kubewright/apiserver';
import { EtcdStorage } from '@kubewright/apiserver/etcd';
import { Client, inProcessTransport } from '@kubewright/client';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { etcdctl, startEtcd } from '../etcd-process.js';

const logger = pino({ level: 'silent' });
const quotaBytes = 8 << 20;
const full = 'etcdserver: mvcc: database space exceeded';

it('a database that is full in three members refuses writes, loses none, is read and deleted from, and goes on when it is repaired', async () => {
  const etcd = await startEtcd({ members: 3, flags: ['--quota-backend-bytes', String(quotaBytes)] });
  const storages = await Promise.all(
    [1, 2].map(() =>
      EtcdStorage.open({ endpoints: etcd.endpoints, logger, compactionIntervalMs: 0, prefix: '/registry' }),
    ),
  );
  const servers = await Promise.all(storages.map((storage) => ApiServer.start({ storage, logger })));
  const admin = { name: 'admin', groups: ['system:masters'] };
  const clients = servers.map((server) => new Client(inProcessTransport(server.inProcess(admin))));
  const maps = clients.map((client) => client.resource(ConfigMap).namespace('default'));
  const [one, other] = maps;
  if (one === undefined || other === undefined) throw new Error('there are two servers');
  const watching = new AbortController();
  const seen: string[] = [];
  const watched = (async () => {
    for await (const { type, object } of other.watch({ signal: watching.signal }))
      if (type === 'ADDED' || type === 'DELETED') seen.push(`${type} ${object.metadata.name}`);
  })().catch((error: unknown) => {
    if (!watching.signal.aborted) throw error;
  });
  const create = (at: typeof one, name: string, size: number) =>
    at.create({ metadata: { name }, data: { text: 'x'.repeat(size) } }, { timeoutMs: 15_000 });
  const namesAt = async (at: typeof one) =>
    (await at.list()).items.map(({ metadata }) => metadata.name).sort();

  const nameOf = (index: number) => `large-${String(index).padStart(3, '0')}`;
  const acknowledged: string[] = [];
  let failure: unknown;
  while (failure === undefined) {
    const name = nameOf(acknowledged.length);
    await create(one, name, 300_000).then(
      () => acknowledged.push(name),
      (error: unknown) => {
        failure = error;
      },
    );
  }
  expect(isApiError(failure) && failure.code).toBe(500);
  for (const at of maps) await expect(create(at, 'refused', 10)).rejects.toThrow(full);
  // Where the alarm is raised by the write itself, etcd carries it out and complains afterwards.
  const known = await namesAt(one);
  if (known.length === acknowledged.length + 1) acknowledged.push(nameOf(acknowledged.length));
  for (const at of maps) expect(await namesAt(at)).toEqual(acknowledged);

  // Room is made through the servers; etcd gives it back when it is told to.
  const gone = acknowledged.splice(0, Math.ceil(acknowledged.length / 2));
  for (const name of gone) await one.delete(name);
  await expect(create(other, 'still-refused', 10)).rejects.toThrow(full);
  await storages[0]?.compact(await storages[0].revision());
  etcdctl(etcd, 'defrag');
  etcdctl(etcd, 'alarm', 'disarm');

  // Nobody restarted anything.
  await create(one, 'after-one', 10);
  await create(other, 'after-other', 10);
  acknowledged.push('after-one', 'after-other');
  for (const at of maps) expect(await namesAt(at)).toEqual([...acknowledged].sort());
  const expected = [
    ...[...gone, ...acknowledged.slice(0, -2)].map((name) => `ADDED ${name}`),
    ...gone.map((name) => `DELETED ${name}`),
    ...['ADDED after-one', 'ADDED after-other'],
  ];
  await expect.poll(() => seen, { timeout: 60_000 }).toEqual(expected);

  watching.abort();
  await watched;
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(servers.map((server) => server.close()));
  await Promise.all(storages.map((storage) => storage.close()));
  await etcd.close();
}, 300_000);
