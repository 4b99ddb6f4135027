import { randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Deployment, ReplicaSet } from '@kubewright/api/apps/v1';
import { Lease } from '@kubewright/api/coordination/v1';
import { ConfigMap, Endpoints, Secret } from '@kubewright/api/core/v1';
import { Client } from '@kubewright/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Etcd, etcdctl, etcdPath, startEtcd } from '../etcd-process.js';
import { KubewrightProcess, makeDataDirectory, removeDataDirectory } from '../kubewright-process.js';

const encryptionKey = randomBytes(32).toString('base64');
const encryptionConfiguration = `
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - aesgcm: { keys: [{ name: k1, secret: ${encryptionKey} }] }
      - identity: {}
`;

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
    const start = async (...flags: string[]) => {
      const directory = await makeDataDirectory(undefined);
      directories.push(directory);
      const storage = ['--storage', `etcd=${etcd.endpoints.join(',')}`];
      const process = await KubewrightProcess.start(['up', '--no-node', ...storage, ...flags], directory);
      processes.push(process);
      clients.push(await Client.fromKubeconfig({ path: process.kubeconfig }));
      return directory;
    };
    const configuration = join(await makeDataDirectory(undefined), 'encryption.yaml');
    directories.push(dirname(configuration));
    await writeFile(configuration, encryptionConfiguration);
    const first = await start('--encryption-provider-config', configuration);
    await start('--join-token-file', join(first, 'data/join-token'));
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

  it("the second has all that is the cluster's, and nobody reads it in etcd", async () => {
    const [, first = '', second = ''] = directories.map((directory) => join(directory, 'data'));
    for (const file of ['ca.crt', 'ca.key', 'sa.key', 'sa.pub', 'front-proxy/ca.key']) {
      const [own, other] = await Promise.all(
        [first, second].map((directory) => readFile(join(directory, 'pki', file), 'utf8')),
      );
      expect(other).toBe(own);
    }
    for (const file of ['join-token', 'pki/ca.key'])
      expect((await stat(join(second, file))).mode & 0o077).toBe(0);
    // A token of the one is good at the other, and so are certificates.
    const { status } = await one().requester.json<{ status: { token: string } }>({
      method: 'POST',
      path: '/api/v1/namespaces/default/serviceaccounts/default/token',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
    });
    const review = await two().requester.json<{ status: { user?: { username: string } } }>({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: status.token } },
    });
    expect(review.status.user?.username).toBe('system:serviceaccount:default:default');
    const everything = etcdctl(etcd, 'get', '', '--prefix');
    for (const text of ['PRIVATE KEY', encryptionKey, 'kind: EncryptionConfiguration'])
      for (const encoding of ['utf8', 'base64'] as const)
        expect(everything).not.toContain(Buffer.from(text).toString(encoding).replace(/=+$/, ''));
  });

  it('both encrypt with the same keys', async () => {
    await two()
      .resource(Secret)
      .create({ metadata: { name: 'hidden', namespace: 'default' }, stringData: { word: 'rosebud' } });
    expect(etcdctl(etcd, 'get', '/registry/secrets/default/hidden')).toContain('k8s:enc:aesgcm:v1:k1:');
    const read = await one().resource(Secret).namespace('default').get('hidden');
    expect(read.data?.word).toBe(Buffer.from('rosebud').toString('base64'));
  });

  it('a server without the token, or with another, does not come in', async () => {
    const directory = await makeDataDirectory(undefined);
    directories.push(directory);
    const start = (...flags: string[]) =>
      KubewrightProcess.start(
        ['apiserver', '--storage', `etcd=${etcd.endpoints.join(',')}`, ...flags],
        directory,
      );
    await expect(start()).rejects.toThrow(/bring the file join-token/);
    await writeFile(join(directory, 'token'), 'some other token of somebody');
    await expect(start('--join-token-file', join(directory, 'token'))).rejects.toThrow(
      /the join token is not that of the cluster/,
    );
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
