import 'reflect-metadata';
import { webcrypto, X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateSigningRequest } from '@kubewright/api/certificates/v1';
import { ConfigMap, Secret, ServiceAccount } from '@kubewright/api/core/v1';
import { PkiDirectory } from '@kubewright/apiserver';
import { Client, inProcessTransport } from '@kubewright/client';
import { startControllers } from '@kubewright/controllers';
import * as x509 from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Kubectl, kubectlPath } from '../kubectl.js';
import { startTlsServer, type TlsServer } from '../tls-server.js';
import { until } from './cluster.js';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const stop = new AbortController();
let directory: string;
let pki: PkiDirectory;
let server: TlsServer;
let client: Client;
let manager: { readonly done: Promise<void> };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubewright-certificates-'));
  pki = await PkiDirectory.open(directory);
  const keys = await pki.tokenKeys();
  server = await startTlsServer({
    authentication: { serviceAccounts: { issuers: ['https://issuer.test'], keys: () => keys } },
  });
  client = new Client(
    inProcessTransport(server.server.inProcess({ name: 'admin', groups: ['system:masters'] })),
  );
  manager = await startControllers(client, {
    signal: stop.signal,
    rootCa: () => pki.trusted,
    signing: pki.authority,
    serviceAccountKey: keys.signing.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  });
});
afterAll(async () => {
  stop.abort();
  await manager.done;
  await client.close();
  await server.close();
  await rm(directory, { recursive: true });
});

const keyPair = () =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;

async function request(subject: string, names: x509.JsonGeneralNames = []): Promise<string> {
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subject,
    keys: await keyPair(),
    signingAlgorithm: algorithm,
    extensions: names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)],
  });
  return Buffer.from(csr.toString('pem')).toString('base64');
}

interface Asked {
  readonly subject: string;
  readonly names?: x509.JsonGeneralNames;
  readonly signer: string;
  readonly usages: string[];
  readonly expirationSeconds?: number;
}

async function ask(
  name: string,
  { subject, names, signer, usages, expirationSeconds }: Asked,
): Promise<void> {
  await client.resource(CertificateSigningRequest).create({
    metadata: { name },
    spec: {
      request: await request(subject, names),
      signerName: `kubernetes.io/${signer}`,
      usages,
      ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
    },
  });
}

async function approve(name: string): Promise<void> {
  const csrs = client.resource(CertificateSigningRequest);
  const csr = await csrs.get(name);
  await csrs.subresource<CertificateSigningRequest>('approval').replace({
    ...csr,
    status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Test', message: '' }] },
  });
}

function settled(name: string): Promise<CertificateSigningRequest['status']> {
  return until(async () => {
    const { status } = await client.resource(CertificateSigningRequest).get(name);
    if (!status?.certificate && !status?.conditions?.some(({ type }) => type === 'Failed'))
      throw new Error('nothing yet');
    return status;
  });
}

describe('certificate signing requests', () => {
  it('become certificates of the cluster when they are approved', async () => {
    await ask('jane', {
      subject: 'CN=jane, O=dev, O=ops',
      signer: 'kube-apiserver-client',
      usages: ['client auth', 'digital signature'],
      expirationSeconds: 3600,
    });
    await approve('jane');
    const { certificate = '' } = (await settled('jane')) ?? {};
    const issued = new X509Certificate(Buffer.from(certificate, 'base64'));
    expect(issued.verify(new X509Certificate(pki.authority.certificate).publicKey)).toBe(true);
    expect(issued.subject.split('\n').sort()).toEqual(['CN=jane', 'O=dev', 'O=ops']);
    expect(issued.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(issued.ca).toBe(false);
    const lifeMs = Date.parse(issued.validTo) - Date.now();
    expect(lifeMs).toBeGreaterThan(3_500_000);
    expect(lifeMs).toBeLessThanOrEqual(3_600_000);
  });

  it('are not signed before they are approved', async () => {
    await ask('patience', { subject: 'CN=p', signer: 'kube-apiserver-client', usages: ['client auth'] });
    await ask('now', { subject: 'CN=n', signer: 'kube-apiserver-client', usages: ['client auth'] });
    await approve('now');
    await settled('now');
    expect(
      (await client.resource(CertificateSigningRequest).get('patience')).status?.certificate,
    ).toBeUndefined();
  });

  it.each<[string, Asked, string]>([
    [
      'client-for-servers',
      { subject: 'CN=x', signer: 'kube-apiserver-client', usages: ['client auth', 'server auth'] },
      'usages did not match',
    ],
    [
      'node-without-group',
      {
        subject: 'CN=system:node:a',
        signer: 'kube-apiserver-client-kubelet',
        usages: ['client auth', 'digital signature'],
      },
      'subject organization is not system:nodes',
    ],
    [
      'node-of-another-name',
      {
        subject: 'CN=a, O=system:nodes',
        signer: 'kube-apiserver-client-kubelet',
        usages: ['client auth', 'digital signature'],
      },
      'subject common name does not begin with system:node:',
    ],
    [
      'serving-without-address',
      {
        subject: 'CN=system:node:a, O=system:nodes',
        signer: 'kubelet-serving',
        usages: ['server auth', 'digital signature'],
      },
      'DNS or IP subjectAltName is required',
    ],
  ])('fail where the signer does not sign such: %s', async (name, asked, message) => {
    await ask(name, asked);
    await approve(name);
    const failed = (await settled(name))?.conditions?.find(({ type }) => type === 'Failed');
    expect(failed).toMatchObject({ reason: 'SignerValidationFailure' });
    expect(failed?.message).toContain(message);
  });

  it('keep the addresses of kubelets that serve', async () => {
    await ask('serving', {
      subject: 'CN=system:node:a, O=system:nodes',
      names: [
        { type: 'ip', value: '10.0.0.7' },
        { type: 'dns', value: 'node-a' },
      ],
      signer: 'kubelet-serving',
      usages: ['server auth', 'digital signature'],
    });
    await approve('serving');
    const { certificate = '' } = (await settled('serving')) ?? {};
    const issued = new X509Certificate(Buffer.from(certificate, 'base64'));
    expect(issued.checkIP('10.0.0.7')).toBe('10.0.0.7');
    expect(issued.checkHost('node-a')).toBe('node-a');
  });

  it('are refused where somebody else signed them', async () => {
    const text = Buffer.from(await request('CN=mallory'), 'base64').toString();
    const der = Buffer.from(text.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    const at = der.indexOf('mallory');
    der.write('trusted', at);
    const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    const create = client.resource(CertificateSigningRequest).create({
      metadata: { name: 'forged' },
      spec: {
        request: Buffer.from(pem).toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['client auth'],
      },
    });
    await expect(create).rejects.toThrow(/spec\.request: Invalid value: .*signature/s);
  });

  it.skipIf(kubectlPath === undefined)('are approved and denied with kubectl', async () => {
    const kubectl = new Kubectl(server.kubeconfig);
    for (const name of ['yes', 'no'])
      await ask(name, { subject: `CN=${name}`, signer: 'kube-apiserver-client', usages: ['client auth'] });
    expect(await kubectl.ok('certificate approve yes')).toContain('yes approved');
    expect(await kubectl.ok('certificate deny no')).toContain('no denied');
    await settled('yes');
    const table = await kubectl.ok('get csr --no-headers');
    expect(table).toMatch(/yes .* Approved,Issued/);
    expect(table).toMatch(/no .* Denied/);
  });
});

describe('the Secret of an account', () => {
  it('gets a token that lives as long as it does', async () => {
    await client
      .resource(ServiceAccount)
      .namespace('default')
      .create({ metadata: { name: 'old' } });
    const secrets = client.resource(Secret).namespace('default');
    await secrets.create({
      metadata: { name: 'old-token', annotations: { 'kubernetes.io/service-account.name': 'old' } },
      type: 'kubernetes.io/service-account-token',
    });
    const filled = await until(async () => {
      const secret = await secrets.get('old-token');
      if (!secret.data?.token) throw new Error('nothing yet');
      return secret;
    });
    const text = (key: string) => Buffer.from(filled.data?.[key] ?? '', 'base64').toString();
    expect(text('namespace')).toBe('default');
    expect(text('ca.crt')).toBe(pki.authority.certificate);
    const headers = { authorization: `Bearer ${text('token')}` };
    const path = '/api/v1/namespaces/default/configmaps';
    expect((await server.sendAs(undefined, { path, headers })).code).toBe(200);
    await client.resource(ServiceAccount).namespace('default').delete('old');
    await until(async () => {
      await expect(secrets.get('old-token')).rejects.toThrow('not found');
    });
  });
});

describe('bootstrap tokens', () => {
  const token = (id: string, more: Record<string, string>) => ({
    metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    stringData: { 'token-id': id, 'token-secret': '0123456789abcdef', ...more },
  });

  it('sign what everybody may read of the cluster', async () => {
    await client.resource(Secret).create(token('aaaaaa', { 'usage-bootstrap-signing': 'true' }));
    await client.resource(ConfigMap).create({
      metadata: { name: 'cluster-info', namespace: 'kube-public' },
      data: { kubeconfig: 'apiVersion: v1\n' },
    });
    await until(async () => {
      const { data } = await client.resource(ConfigMap).namespace('kube-public').get('cluster-info');
      const [header, content, mac] = (data?.['jws-kubeconfig-aaaaaa'] ?? '').split('.');
      expect(Buffer.from(header ?? '', 'base64url').toString()).toBe('{"alg":"HS256","kid":"aaaaaa"}');
      expect(content).toBe('');
      expect(mac).toMatch(/^[\w-]{43}$/);
    });
  });

  it('are deleted when they have expired', async () => {
    await client
      .resource(Secret)
      .create(token('bbbbbb', { expiration: new Date(Date.now() - 1000).toISOString() }));
    await until(async () => {
      const get = client.resource(Secret).namespace('kube-system').get('bootstrap-token-bbbbbb');
      await expect(get).rejects.toThrow('not found');
    });
  });
});
