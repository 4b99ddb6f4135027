import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigMap } from '@kubewright/api/core/v1';
import {
  matchConditions,
  PkiDirectory,
  parseAuthorizationConfiguration,
  type WebhookAuthorizerOptions,
  webhookAuthorizer,
} from '@kubewright/apiserver';
import { httpsTransport, loadConnection, renderKubeconfig } from '@kubewright/client';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

interface Spec {
  readonly user: string;
  readonly resourceAttributes?: Readonly<Record<string, unknown>>;
}

let hook: Server;
let test: TestServer;
let asked: Spec[];
let answer: (spec: Spec) => object | undefined;

let directory: string;
let pki: PkiDirectory;
let strangers: PkiDirectory;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubewright-authorizer-'));
  pki = await PkiDirectory.open(join(directory, 'pki'));
  strangers = await PkiDirectory.open(join(directory, 'strangers'));
});
afterAll(() => rm(directory, { recursive: true }));

beforeEach(async () => {
  asked = [];
  const { certificate: cert, key } = await pki.server('hook', 'hook', ['127.0.0.1']);
  // Only the API server, by its certificate, is answered.
  hook = createServer({ cert, key, ca: pki.authority.certificate, requestCert: true }, review);
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
});
function review(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const review = JSON.parse(Buffer.concat(chunks).toString()) as { kind: string; spec: Spec };
    expect([review.kind, request.url]).toEqual(['SubjectAccessReview', '/authorize']);
    asked.push(review.spec);
    const status = answer(review.spec);
    if (status === undefined) response.writeHead(500).end();
    else response.writeHead(200).end(JSON.stringify({ ...review, status }));
  });
}
afterEach(async () => {
  await test.close();
  hook.closeAllConnections();
  await new Promise((resolve) => hook.close(resolve));
});

/** Over TLS, by a kubeconfig as `--authorization-webhook-config-file` names one. */
async function start(
  options: Omit<WebhookAuthorizerOptions, 'transport'> = {},
  trusted: PkiDirectory = pki,
  known: PkiDirectory = pki,
): Promise<void> {
  const { port } = hook.address() as AddressInfo;
  const client = await known.client('apiserver', { user: 'kube-apiserver', groups: [] });
  const file = join(directory, 'kubeconfig');
  await writeFile(
    file,
    renderKubeconfig({
      name: 'hook',
      server: `https://127.0.0.1:${port}/authorize`,
      ca: trusted.authority.certificate,
      clientCertificate: client.certificate,
      clientKey: client.key,
    }),
  );
  const transport = await httpsTransport(await loadConnection({ path: file }));
  test = await startTestServer({
    authorization: { modes: [webhookAuthorizer({ transport, initialBackoffMs: 1, ...options }), 'RBAC'] },
  });
}

const list = (name: string) => test.clientFor({ name }).resource(ConfigMap).namespace('default').list();

describe('a webhook', () => {
  it('allows, with what the request selects, and is remembered', async () => {
    answer = () => ({ allowed: true });
    await start();
    const maps = test.clientFor({ name: 'jane' }).resource(ConfigMap).namespace('default');
    await maps.list({ labelSelector: 'a in (b, c)', fieldSelector: 'metadata.name=x' });
    await maps.list({ labelSelector: 'a in (b, c)', fieldSelector: 'metadata.name=x' });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toEqual({
      user: 'jane',
      groups: ['system:authenticated'],
      resourceAttributes: {
        namespace: 'default',
        verb: 'list',
        version: 'v1',
        resource: 'configmaps',
        name: 'x',
        fieldSelector: { requirements: [{ key: 'metadata.name', operator: 'In', values: ['x'] }] },
        labelSelector: { requirements: [{ key: 'a', operator: 'In', values: ['b', 'c'] }] },
      },
    });
  });

  it('refuses with its reason, or leaves it to the next', async () => {
    answer = ({ user }) =>
      user === 'mallory' ? { allowed: false, denied: true, reason: 'no' } : { allowed: false };
    await start();
    await expect(list('mallory')).rejects.toThrow(/in the namespace "default": no$/);
    await expect(list('jane')).rejects.toThrow(/cannot list resource "configmaps"/);
  });

  it('that fails has no opinion, or denies, as its policy is', async () => {
    answer = () => undefined;
    await start();
    await expect(list('jane')).rejects.toMatchObject({ reason: 'InternalError' });
    expect(asked).toHaveLength(5);
    await test.close();
    await start({ failurePolicy: 'Deny' });
    await expect(list('jane')).rejects.toThrow();
  });

  it('is not believed with a certificate of another CA, nor answers who has one', async () => {
    answer = () => ({ allowed: true });
    await start({}, strangers);
    await expect(list('jane')).rejects.toMatchObject({ reason: 'InternalError' });
    await test.close();
    await start({}, pki, strangers);
    await expect(list('jane')).rejects.toMatchObject({ reason: 'InternalError' });
    await test.close();
    await start({ failurePolicy: 'Deny' }, strangers);
    await expect(list('jane')).rejects.toThrow();
    expect(asked).toEqual([]);
  });

  it('is asked only where its conditions hold', async () => {
    answer = () => ({ allowed: true });
    const matches = matchConditions([
      'has(request.resourceAttributes)',
      "request.resourceAttributes.namespace == 'default' && !('system:masters' in request.groups)",
    ]);
    await start({ ...(matches === undefined ? {} : { matches }) });
    await list('jane');
    await expect(test.clientFor({ name: 'jane' }).resource(ConfigMap).list()).rejects.toThrow(/forbidden/);
    expect(asked).toHaveLength(1);
  });
});

describe('an AuthorizationConfiguration', () => {
  beforeEach(() => start());
  const head = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\n';
  const webhook = `
authorizers:
- type: Webhook
  name: first
  webhook:
    timeout: 3s
    subjectAccessReviewVersion: v1
    failurePolicy: Deny
    authorizedTTL: 1m30s
    connectionInfo: { type: KubeConfigFile, kubeConfigFile: /etc/hook }
    matchConditions: [{ expression: has(request.resourceAttributes) }]
- { type: RBAC, name: rbac }
`;

  it('names authorizers in order', () => {
    expect(parseAuthorizationConfiguration(head + webhook)).toEqual([
      {
        type: 'Webhook',
        name: 'first',
        webhook: {
          timeoutMs: 3000,
          failurePolicy: 'Deny',
          authorizedTtlMs: 90_000,
          unauthorizedTtlMs: 30_000,
          kubeConfigFile: '/etc/hook',
          matchConditions: ['has(request.resourceAttributes)'],
        },
      },
      { type: 'RBAC', name: 'rbac' },
    ]);
  });

  for (const [change, to, message] of [
    ['timeout: 3s', 'timeout: 40s', 'must be > 0s and <= 30s'],
    ['failurePolicy: Deny', 'failurePolicy: Open', 'failurePolicy: Unsupported value: "Open"'],
    ['type: RBAC', 'type: Magic', 'authorizers[1].type: Unsupported value: "Magic"'],
    ['name: rbac', 'name: first', 'authorizers[1].name: Duplicate value: "first"'],
  ] as const)
    it(`is refused with ${to}`, () => {
      expect(() => parseAuthorizationConfiguration(head + webhook.replace(change, to))).toThrow(message);
    });

  it('is refused with an expression that is no condition', () => {
    expect(() => matchConditions(['request.user'])).toThrow(/must evaluate to bool/);
    expect(() => matchConditions(['request.nothing == 1'])).toThrow(/undefined field/);
  });
});
