import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isConditionTrue } from '@kubewright/api';
import { CertificateSigningRequest } from '@kubewright/api/certificates/v1';
import { PkiDirectory } from '@kubewright/apiserver';
import type { Client } from '@kubewright/client';
import { type SigningAuthority, startControllers } from '@kubewright/controllers';
import { startTestServer } from '@kubewright/testing';
import * as x509 from '@peculiar/x509';
import { beforeAll, it, vi } from 'vitest';
import { built, equals, explored, testTimeout } from './explored.js';

vi.setConfig({ testTimeout });

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const requests = (client: Client) => client.resource(CertificateSigningRequest);
let kubeletRequest: string;
let signing: SigningAuthority;

beforeAll(async () => {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'O=system:nodes, CN=system:node:n1',
    keys: keys as webcrypto.CryptoKeyPair,
    signingAlgorithm: algorithm,
  });
  kubeletRequest = Buffer.from(csr.toString('pem')).toString('base64');
  const directory = await mkdtemp(join(tmpdir(), 'kubewright-explore-'));
  signing = (await PkiDirectory.open(directory)).authority;
  await rm(directory, { recursive: true });
  await signOnce();
});

/** What signs is loaded with the first request, which no run is to wait for. */
async function signOnce(): Promise<void> {
  const { client, close } = await startTestServer();
  const stop = new AbortController();
  const controllers = ['approving', 'signing'].map((does) => `certificatesigningrequest-${does}-controller`);
  const manager = await startControllers(client, { controllers, signing, signal: stop.signal });
  await ask(client);
  await requests(client).waitFor('n1', (request) => request?.status?.certificate !== undefined);
  stop.abort();
  await manager.done;
  await close();
}

const ask = (client: Client) =>
  requests(client).create({
    metadata: { name: 'n1' },
    spec: {
      request: kubeletRequest,
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      usages: ['digital signature', 'client auth'],
    },
  });

const decide = (type: 'Approved' | 'Denied') => async (client: Client) => {
  const request = await requests(client).get('n1');
  const lastUpdateTime = '2026-01-01T00:00:00Z';
  const conditions = [{ type, status: 'True', reason: 'Test', message: '', lastUpdateTime }];
  await requests(client)
    .subresource<CertificateSigningRequest>('approval')
    .replace({ ...request, status: { conditions } });
};

/** Signatures are checked and made beside the event loop, where an exploration does not see them. */
const { subtle } = globalThis.crypto;
let pending = 0;
const isBusy = () => pending > 0;
for (const name of ['digest', 'importKey', 'sign', 'verify'] as const) {
  const work = subtle[name] as (...args: readonly unknown[]) => Promise<unknown>;
  const watched = (...args: readonly unknown[]) => {
    pending += 1;
    return Reflect.apply(work, subtle, args).finally(() => {
      pending -= 1;
    });
  };
  Object.defineProperty(subtle, name, { value: watched });
}

it('what a kubelet asks for is approved', async () => {
  await explored(built(['certificatesigningrequest-approving-controller']), {
    isBusy,
    steps: { 'a kubelet asks': ask },
    finally: {
      'it is approved, once': async (client) => {
        const { conditions = [] } = (await requests(client).get('n1')).status ?? {};
        equals(
          'conditions',
          conditions.map(({ type, reason }) => [type, reason]),
          [['Approved', 'AutoApproved']],
        );
      },
    },
  });
});

it('what is approved is signed', async () => {
  await explored(built(['certificatesigningrequest-signing-controller'], { signing }), {
    isBusy,
    steps: { 'a kubelet asks': ask, 'it is approved': decide('Approved') },
    finally: {
      'it has its certificate': async (client) => {
        const { certificate = '', conditions } = (await requests(client).get('n1')).status ?? {};
        equals('approved', isConditionTrue(conditions, 'Approved'), true);
        const { subject } = new x509.X509Certificate(Buffer.from(certificate, 'base64').toString());
        equals('subject', subject, 'O=system:nodes, CN=system:node:n1');
      },
    },
  });
});

it('requests that are done with go after an hour', async () => {
  await explored(
    built(['certificatesigningrequest-cleaner-controller']),
    {
      steps: { 'a kubelet asks': ask, 'it is denied': decide('Denied') },
      finally: {
        'it is gone': async (client) => equals('requests', (await requests(client).list()).items.length, 0),
      },
    },
    { restMs: 3_700_000 },
  );
});
