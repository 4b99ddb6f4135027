import 'reflect-metadata';
import { createPrivateKey, KeyObject, webcrypto } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PkiDirectory } from '@kubewright/apiserver';
import * as x509 from '@peculiar/x509';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTlsServer, type TlsServer } from '../tls-server.js';

let server: TlsServer;
beforeAll(async () => {
  server = await startTlsServer();
});
afterAll(() => server.close());

const pods = { path: '/api/v1/namespaces/default/pods' };
const unauthorized = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: 'Unauthorized',
  reason: 'Unauthorized',
  code: 401,
};

it('answers 401 to a client without a certificate', async () => {
  const answer = await server.sendAs(undefined, pods);
  expect(answer.code).toBe(401);
  expect(answer.json()).toEqual(unauthorized);
});

it('answers 401 to a certificate of another CA', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kubewright-other-ca-'));
  try {
    const other = await PkiDirectory.open(directory);
    const pair = await other.client('admin', { user: 'kubernetes-admin', groups: ['system:masters'] });
    const answer = await server.sendAs(pair, pods);
    expect(answer.code).toBe(401);
    expect(answer.json()).toEqual(unauthorized);
  } finally {
    await rm(directory, { recursive: true });
  }
});

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A client certificate that the server's own CA issued, or nobody but itself, with another validity. */
async function clientPair(of: {
  readonly selfSigned?: boolean;
  readonly from: number;
  readonly to: number;
  readonly usage?: string;
}) {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const pki = join(server.directory, 'pki');
  const authority = new x509.X509Certificate(await readFile(join(pki, 'ca.crt'), 'utf8'));
  const der = createPrivateKey(await readFile(join(pki, 'ca.key'), 'utf8')).export({
    type: 'pkcs8',
    format: 'der',
  });
  const signingKey = (await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, [
    'sign',
  ])) as webcrypto.CryptoKey;
  const day = 86_400_000;
  const issued = await x509.X509CertificateGenerator.create({
    serialNumber: '4001',
    subject: 'CN=kubernetes-admin, O=system:masters',
    issuer: of.selfSigned ? 'CN=kubernetes-admin, O=system:masters' : authority.subject,
    notBefore: new Date(Date.now() + of.from * day),
    notAfter: new Date(Date.now() + of.to * day),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: of.selfSigned ? keys.privateKey : signingKey,
    extensions: [new x509.ExtendedKeyUsageExtension([of.usage ?? x509.ExtendedKeyUsage.clientAuth])],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
  return { certificate: issued.toString('pem'), key };
}

it('takes a certificate of its CA that these tests make', async () => {
  expect((await server.sendAs(await clientPair({ from: -2, to: 1 }), pods)).code).toBe(200);
});

it.each<[string, Parameters<typeof clientPair>[0]]>([
  ['has ended', { from: -2, to: -1 }],
  ['has not begun', { from: 1, to: 2 }],
  ['signed itself', { from: -1, to: 1, selfSigned: true }],
  ['is for servers', { from: -1, to: 1, usage: '1.3.6.1.5.5.7.3.1' }],
])('answers 401 to a certificate that %s, even where anybody may ask', async (_name, of) => {
  const pair = await clientPair(of);
  expect((await server.sendAs(pair, pods)).code).toBe(401);
  expect((await server.sendAs(pair, { path: '/version' })).code).toBe(401);
});

it('answers 401 to a bearer token that it never gave out', async () => {
  const answer = await server.sendAs(undefined, { ...pods, headers: { authorization: 'Bearer x' } });
  expect(answer.code).toBe(401);
});

it.each(['/healthz', '/livez', '/readyz', '/version'])('answers anybody on %s', async (path) => {
  expect((await server.sendAs(undefined, { path })).code).toBe(200);
});

it('serves the admin', async () => {
  expect((await server.send(pods)).code).toBe(200);
});
