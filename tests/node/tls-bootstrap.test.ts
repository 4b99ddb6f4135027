import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { CertificateSigningRequest } from '@kubewright/api/certificates/v1';
import { Secret } from '@kubewright/api/core/v1';
import { ClusterRoleBinding } from '@kubewright/api/rbac/v1';
import { PkiDirectory } from '@kubewright/apiserver';
import { Client, inProcessTransport } from '@kubewright/client';
import { startControllers } from '@kubewright/controllers';
import { requestNodeCertificate } from '@kubewright/runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';
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
