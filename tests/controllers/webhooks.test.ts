import { X509Certificate } from 'node:crypto';
import { Agent, request } from 'node:https';
import { ValidatingWebhookConfiguration } from '@kubewright/api/admissionregistration/v1';
import { ConfigMap, Secret } from '@kubewright/api/core/v1';
import { VirtualClock } from '@kubewright/client';
import { Manager, refusal, WebhookServer } from '@kubewright/controllers';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from './cluster.js';

let server: TestServer;
let clock: VirtualClock;
let stop: AbortController;
const running: Manager[] = [];

beforeEach(async () => {
  server = await startTestServer();
  // TLS goes by the machine's clock: certificates made now, and those made after a rotation, have to be good by it.
  clock = new VirtualClock(Date.now() - (lifetimeMs * 2) / 3 - 600_000);
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await Promise.all(running.splice(0).map(({ done }) => done));
  await server.close();
});

const lifetimeMs = 3 * 3600 * 1000;
const secret = { namespace: 'default', name: 'webhook-certificate' };

async function start(): Promise<{ readonly webhooks: WebhookServer; readonly manager: Manager }> {
  const manager = new Manager(server.client, { signal: stop.signal, clock });
  const inject = { validatingWebhooks: ['maps'] };
  const webhooks = new WebhookServer(manager, {
    ...{ hosts: ['localhost'], host: '127.0.0.1', port: 0, secret, inject, lifetimeMs },
  });
  webhooks.validating(ConfigMap, ({ object }) => {
    if (object?.data?.colour === 'red') throw refusal('red is taken');
    return object?.data?.colour === undefined ? { warnings: ['it has no colour'] } : undefined;
  });
  webhooks.mutating(ConfigMap, (map) => ({ ...map, data: { shape: 'round', ...map.data } }));
  webhooks.converting((object, apiVersion) => {
    if (apiVersion.endsWith('/v3')) throw new Error('no such version');
    return { ...object, metadata: { ...object.metadata, labels: { converted: 'yes' } } };
  });
  running.push(manager);
  await manager.start();
  await until(async () => expect(webhooks.port).toBeDefined());
  return { webhooks, manager };
}

const stored = async () => {
  const { data = {} } = await server.client.resource(Secret).namespace('default').get(secret.name);
  const text = (name: string) => Buffer.from(data[name] ?? '', 'base64').toString();
  return { certificate: text('tls.crt'), ca: text('ca.crt') };
};

const configured = async () => {
  const { webhooks = [] } = await server.client.resource(ValidatingWebhookConfiguration).get('maps');
  return Buffer.from(webhooks[0]?.clientConfig?.caBundle ?? '', 'base64').toString();
};

async function configure(): Promise<void> {
  await server.client.resource(ValidatingWebhookConfiguration).create({
    metadata: { name: 'maps' },
    webhooks: [
      {
        name: 'maps.example.dev',
        clientConfig: { url: 'https://localhost/validate-v1-configmap' },
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
      },
    ],
  });
}

/** Asks as an API server that trusts the CA and nobody else. */
async function ask(
  { port }: WebhookServer,
  path: string,
  body: unknown,
  ca: string,
): Promise<{ readonly status: number; readonly answer: { readonly response?: Record<string, unknown> } }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, ca, servername: 'localhost', method: 'POST', agent: new Agent() },
      async (response) => {
        let text = '';
        for await (const chunk of response) text += String(chunk);
        resolve({ status: response.statusCode ?? 0, answer: JSON.parse(text) });
      },
    );
    sent.once('error', reject);
    sent.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
}

const review = (object: object) => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: { uid: 'u', operation: 'CREATE', object },
});

it('validators, mutators and converters answer the questions of an API server', async () => {
  await configure();
  const { webhooks, manager } = await start();
  const { ca } = await stored();
  expect(await configured()).toBe(ca);
  const red = review({ metadata: { name: 'a' }, data: { colour: 'red' } });
  expect((await ask(webhooks, '/validate-v1-configmap', red, ca)).answer).toEqual({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid: 'u',
      allowed: false,
      status: expect.objectContaining({ message: 'red is taken', reason: 'Forbidden', code: 403 }),
    },
  });
  const plain = review({ metadata: { name: 'a' } });
  expect((await ask(webhooks, '/validate-v1-configmap', plain, ca)).answer.response).toEqual({
    ...{ uid: 'u', allowed: true, warnings: ['it has no colour'] },
  });
  const { answer } = await ask(webhooks, '/mutate-v1-configmap', plain, ca);
  expect(JSON.parse(Buffer.from(String(answer.response?.patch), 'base64').toString())).toEqual([
    { op: 'add', path: '/data', value: { shape: 'round' } },
  ]);
  const conversion = (desiredAPIVersion: string) => ({
    kind: 'ConversionReview',
    request: { uid: 'c', desiredAPIVersion, objects: [{ kind: 'W', metadata: { name: 'w' } }] },
  });
  expect((await ask(webhooks, '/convert', conversion('example.dev/v2'), ca)).answer.response).toEqual({
    uid: 'c',
    result: { status: 'Success' },
    convertedObjects: [
      { apiVersion: 'example.dev/v2', kind: 'W', metadata: { name: 'w', labels: { converted: 'yes' } } },
    ],
  });
  expect((await ask(webhooks, '/convert', conversion('example.dev/v3'), ca)).answer.response).toEqual({
    uid: 'c',
    result: { status: 'Failure', message: 'w: no such version' },
  });
  expect((await ask(webhooks, '/other', plain, ca)).status).toBe(404);
  expect((await ask(webhooks, '/convert', plain, ca)).status).toBe(400);
  expect((await ask(webhooks, '/convert', '{', ca)).status).toBe(400);
  expect(await manager.metrics.registry.metrics()).toContain(
    'controller_runtime_webhook_requests_total{webhook="/convert",code="400"} 2',
  );
});

it('replicas share a certificate, and replace it in time without a moment of distrust', async () => {
  await configure();
  const [one, other] = [await start(), await start()];
  const first = await stored();
  const plain = review({ metadata: { name: 'a' } });
  for (const { webhooks } of [one, other])
    expect((await ask(webhooks, '/validate-v1-configmap', plain, first.ca)).status).toBe(200);
  await clock.advance((lifetimeMs * 2) / 3 + 60_000);
  await until(async () => {
    await clock.advance(60_000);
    expect((await stored()).certificate).not.toBe(first.certificate);
  });
  const second = await stored();
  expect(second.ca).toBe(second.certificate + first.certificate);
  await until(async () => expect(await configured()).toBe(second.ca));
  const onlyNew = async ({ webhooks }: typeof one) => {
    await clock.advance(60_000);
    // Whoever trusts both is answered at any time.
    await ask(webhooks, '/validate-v1-configmap', plain, second.ca);
    expect((await ask(webhooks, '/validate-v1-configmap', plain, second.certificate)).status).toBe(200);
  };
  await until(() => onlyNew(one));
  await until(() => onlyNew(other));
  expect(new X509Certificate(second.certificate).subjectAltName).toBe('DNS:localhost');
});
