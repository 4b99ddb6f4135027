import { Deployment, ReplicaSet } from '@kubewright/api/apps/v1';
import { Lease } from '@kubewright/api/coordination/v1';
import { ConfigMap, Endpoints } from '@kubewright/api/core/v1';
import { Client } from '@kubewright/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Etcd, etcdctl, etcdPath, startEtcd } from '../etcd-process.js';
import { KubewrightProcess, makeDataDirectory, removeDataDirectory } from '../kubewright-process.js';

const labels = { app: 'web' };
const deployment = (name: string) => ({
  metadata: { name, namespace: 'default' },
  spec: {
    replicas: 1,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'example/a' }] } },
  },
});

// Debian has it as etcd-server and etcd-client.
describe.skipIf(etcdPath === undefined)('two control planes over one etcd', () => {
  let etcd: Etcd;
  const directories: string[] = [];
  const processes: KubewrightProcess[] = [];
  const clients: Client[] = [];

  beforeAll(async () => {
    etcd = await startEtcd();
    const shared = await makeDataDirectory(undefined);
    directories.push(shared);
    const start = async () => {
      const directory = await makeDataDirectory(undefined);
      directories.push(directory);
      const process = await KubewrightProcess.start(
        [
          ...[
            'up',
            '--no-node',
            '--storage',
            `etcd=${etcd.endpoints.join(',')}`,
            '--pki-dir',
            `${shared}/pki`,
          ],
          ...['--service-cluster-ip-range', '10.99.0.0/16'],
        ],
        directory,
      );
      processes.push(process);
      clients.push(await Client.fromKubeconfig({ path: process.kubeconfig }));
    };
    await Promise.all([start(), start()]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await Promise.all(processes.map((process) => process.end('SIGKILL')));
    await etcd?.close();
    for (const directory of directories) await removeDataDirectory(directory);
  });

  const [one, two] = [() => clients[0] as Client, () => clients[1] as Client];
  const addresses = async () => {
    const { subsets = [] } = await one().resource(Endpoints).namespace('default').get('kubernetes');
    return subsets.flatMap(({ ports = [] }) => ports.map(({ port }) => port)).length;
  };

  it('each read at the one sees every write that the other has acknowledged', async () => {
    for (let i = 0; i < 20; i++) {
      const [writer, reader] = i % 2 === 0 ? [one(), two()] : [two(), one()];
      const metadata = { name: `m${i}`, namespace: 'default' };
      await writer.resource(ConfigMap).create({ metadata, data: { i: `${i}` } });
      const read = await reader.resource(ConfigMap).namespace('default').get(`m${i}`);
      expect(read.data).toEqual({ i: `${i}` });
    }
  });

  it("keys and values are upstream's", () => {
    const value = etcdctl(etcd, 'get', '/registry/configmaps/default/m0', '--print-value-only');
    expect(JSON.parse(value)).toMatchObject({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'm0' },
    });
  });

  it('each has a Lease of its own, and the Service kubernetes leads to both', async () => {
    const selector = 'apiserver.kubernetes.io/identity=kube-apiserver';
    const leases = await one().resource(Lease).namespace('kube-system').list({ labelSelector: selector });
    expect(leases.items.map(({ metadata }) => metadata.name)).toEqual([
      expect.stringMatching(/^apiserver-[a-z2-7]{26}$/),
      expect.stringMatching(/^apiserver-[a-z2-7]{26}$/),
    ]);
    await expect.poll(addresses, { timeout: 15_000 }).toBe(2);
  });

  it('one controller manager works; when it is killed, the other takes over within the time of the lease, and the endpoints forget it', async () => {
    const lease = () => one().resource(Lease).namespace('kube-system').get('kube-controller-manager');
    const replicaSets = async (name: string) => {
      const { items } = await one().resource(ReplicaSet).namespace('default').list();
      return items.filter(({ metadata }) => metadata.name?.startsWith(name)).length;
    };
    await one().resource(Deployment).create(deployment('before'));
    await expect.poll(() => replicaSets('before'), { timeout: 10_000 }).toBe(1);
    const holder = (await lease()).spec?.holderIdentity;
    // Whether it is the one that dies can't be seen from outside: the rest holds either way.
    await processes[1]?.end('SIGKILL');
    await one().resource(Deployment).create(deployment('after'));
    await expect.poll(() => replicaSets('after'), { timeout: 22_000, interval: 250 }).toBe(1);
    const now = (await lease()).spec;
    expect(now?.leaseTransitions).toBe(now?.holderIdentity === holder ? 0 : 1);
    await expect.poll(addresses, { timeout: 30_000, interval: 500 }).toBe(1);
  }, 70_000);
});
