import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { CertificateSigningRequest } from '@kubewright/api/certificates/v1';
import { Secret } from '@kubewright/api/core/v1';
import { ClusterRoleBinding } from '@kubewright/api/rbac/v1';
import { PkiDirectory } from '@kubewright/apiserver';
import { Client, inProcessTransport, systemClock } from '@kubewright/client';
import { startControllers } from '@kubewright/controllers';
import {
  keepNodeCertificate,
  requestNodeCertificate,
  SimulatedRuntime,
  startKubelet,
} from '@kubewright/runtime';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startTlsServer, type TlsServer } from '../tls-server.js';

const stop = new AbortController();
let server: TlsServer;
let admin: Client;
let manager: { readonly done: Promise<void> };

beforeAll(async () => {
  server = await startTlsServer({
    authentication: { bootstrapTokens: true },
    authorization: { modes: ['Node', 'RBAC'] },
  });
  const as = (name: string, groups: string[]) =>
    new Client(inProcessTransport(server.server.inProcess({ name, groups })));
  admin = as('admin', ['system:masters']);
  const { authority } = await PkiDirectory.open(join(server.directory, 'pki'));
  manager = await startControllers(as('system:kube-controller-manager', []), {
    signal: stop.signal,
    signing: authority,
    controllers: [
      'certificatesigningrequest-approving-controller',
      'certificatesigningrequest-signing-controller',
    ],
    accountClient: (name) =>
      as(`system:serviceaccount:kube-system:${name}`, [
        'system:serviceaccounts',
        'system:serviceaccounts:kube-system',
      ]),
  });
  await admin.resource(Secret).create({
    metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    stringData: {
      'token-id': 'abcdef',
      'token-secret': '0123456789abcdef',
      'usage-bootstrap-authentication': 'true',
    },
  });
}, 30_000);
afterAll(async () => {
  stop.abort();
  await manager.done;
  await admin.close();
  await server.close();
});

const connect = (credentials: { token?: string; clientCertificate?: string; clientKey?: string }) => {
  const { token, ...certificate } = credentials;
  return Client.fromConnection({
    server: `https://127.0.0.1:${server.port}`,
    ca: server.ca,
    ...certificate,
    ...(token === undefined ? {} : { token: async () => token }),
  });
};

const bind = (name: string, role: string, group: string) =>
  admin.resource(ClusterRoleBinding).create({
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group }],
  });

it('gets a node its certificate for a bootstrap token, and the next one for that certificate', async () => {
  const { signal } = stop;
  const bootstrap = await connect({ token: 'abcdef.0123456789abcdef' });
  await expect(requestNodeCertificate(bootstrap, { nodeName: 'n1', signal })).rejects.toThrow('forbidden');
  await bind('bootstrap', 'system:node-bootstrapper', 'system:bootstrappers');
  await bind(
    'approve',
    'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    'system:bootstrappers',
  );
  await bind('renew', 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient', 'system:nodes');
  const first = await requestNodeCertificate(bootstrap, { nodeName: 'n1', signal });
  expect(new X509Certificate(first.certificate).subject.split('\n').sort()).toEqual([
    'CN=system:node:n1',
    'O=system:nodes',
  ]);
  await bootstrap.close();

  const node = await connect({ clientCertificate: first.certificate, clientKey: first.key });
  const second = await requestNodeCertificate(node, { nodeName: 'n1', signal });
  expect(second.certificate).not.toBe(first.certificate);
  // Its own is given to it, that of another is not.
  const other = requestNodeCertificate(node, { nodeName: 'n2', signal: AbortSignal.timeout(1_500) });
  await expect(other).rejects.toThrow();
  const { items } = await admin.resource(CertificateSigningRequest).list();
  expect(items.filter(({ status }) => !status?.certificate)).toHaveLength(1);
  await node.close();
});

it('gets a kubelet its serving certificate once somebody approves it, and serves with it from then on', async () => {
  const pki = await PkiDirectory.open(join(server.directory, 'pki'));
  const { certificate, key } = await pki.client('n3', { user: 'system:node:n3', groups: ['system:nodes'] });
  const client = await connect({ clientCertificate: certificate, clientKey: key });
  const kubelet = await startKubelet({
    client,
    runtime: new SimulatedRuntime(),
    logger: pino({ level: 'silent' }),
    dataDirectory: join(server.directory, 'n3'),
    nodeName: 'n3',
    port: 0,
    tls: { clientCa: server.ca },
  });
  const handshake = () =>
    new Promise<string>((resolve) => {
      const socket = connectTls({ host: '127.0.0.1', port: kubelet.port, ca: server.ca }, () => {
        resolve(socket.getPeerCertificate().subject.CN as string);
        socket.destroy();
      });
      socket.once('error', () => resolve('refused'));
    });
  expect(await handshake()).toBe('refused');
  const leaving = new AbortController();
  const kept = keepServingCertificate(kubelet, leaving.signal, client);
  const requests = admin.resource(CertificateSigningRequest);
  const find = async () =>
    (await requests.list()).items.find(({ spec }) => spec.signerName === 'kubernetes.io/kubelet-serving');
  await vi.waitFor(async () => expect(await find()).toBeDefined(), { timeout: 15_000 });
  const asked = (await find()) as CertificateSigningRequest;
  expect(asked.spec).toMatchObject({
    username: 'system:node:n3',
    usages: ['server auth', 'digital signature'],
  });
  expect(asked.status?.conditions).toBeUndefined();
  const name = asked.metadata.name ?? '';
  await admin.requester.json({
    method: 'PUT',
    path: `/apis/certificates.k8s.io/v1/certificatesigningrequests/${name}/approval`,
    body: { ...asked, status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Seen' }] } },
  });
  await vi.waitFor(async () => expect(await handshake()).toBe('system:node:n3'), { timeout: 15_000 });
  leaving.abort();
  await kept;
  await kubelet.close();
  await client.close();
}, 30_000);

function keepServingCertificate(
  kubelet: { replaceCertificate(pair: { cert: string; key: string }): void },
  signal: AbortSignal,
  client: Client,
): Promise<void> {
  return keepNodeCertificate(client, {
    ...{ nodeName: 'n3', servingHosts: ['n3', '127.0.0.1'], certificate: undefined, signal },
    clock: systemClock,
    logger: pino({ level: 'silent' }),
    store: async (issued) => kubelet.replaceCertificate({ cert: issued.certificate, key: issued.key }),
  });
}
