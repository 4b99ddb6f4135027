import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  MutatingWebhookConfiguration,
  type ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '@kubewright/api/admissionregistration/v1';
import { Deployment } from '@kubewright/api/apps/v1';
import { HorizontalPodAutoscaler } from '@kubewright/api/autoscaling/v1';
import { ConfigMap, Namespace, Service } from '@kubewright/api/core/v1';
import type { EndpointSlice } from '@kubewright/api/discovery/v1';
import { PkiDirectory, readAdmissionConfiguration } from '@kubewright/apiserver';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTlsServer } from '../tls-server.js';

interface Review {
  readonly request: Readonly<Record<string, unknown>> & { readonly object: Record<string, unknown> | null };
}

let directory: string;
let webhook: ChildProcess;
let port: number;
let ca: string;
let otherCa: string;
let api: TestServer;
let caPem: string;
const warnings: string[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubewright-webhook-'));
  const pki = await PkiDirectory.open(join(directory, 'pki'));
  caPem = pki.authority.certificate;
  ca = Buffer.from(caPem).toString('base64');
  const other = await PkiDirectory.open(join(directory, 'other'));
  otherCa = Buffer.from(other.authority.certificate).toString('base64');
  const { certificate, key } = await pki.server('hook', 'hook', ['127.0.0.1', 'hook.default.svc']);
  const [certFile, keyFile] = [join(directory, 'hook.crt'), join(directory, 'hook.key')];
  await Promise.all([writeFile(certFile, certificate), writeFile(keyFile, key)]);
  const script = fileURLToPath(new URL('webhook-server.child.mjs', import.meta.url));
  webhook = spawn(process.execPath, [script, certFile, keyFile], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: webhook.stdout as NodeJS.ReadableStream });
  port = Number(await new Promise((resolve) => lines.once('line', resolve)));
  api = await startTestServer({ client: { onWarning: (text) => void warnings.push(text) } });
});
afterAll(async () => {
  webhook.stdin?.end();
  if (webhook.exitCode === null) await once(webhook, 'exit');
  await api.close();
  await rm(directory, { recursive: true });
});
beforeEach(async () => {
  await seen();
  warnings.length = 0;
});
afterEach(async () => {
  await api.client.resource(ValidatingWebhookConfiguration).deleteCollection();
  await api.client.resource(MutatingWebhookConfiguration).deleteCollection();
});

interface Call {
  readonly path: string;
  readonly review: Review;
  readonly authorization?: string;
}

/** What the webhook was asked since the last time. */
async function seen(): Promise<Call[]> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', port, ca: caPem }, resolve).once('error', reject);
  });
  const chunks = await answer.toArray();
  return JSON.parse(Buffer.concat(chunks as Buffer[]).toString()) as Call[];
}

const rules = [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }];
const hook = (path: string, more: Partial<ValidatingWebhook> = {}): ValidatingWebhook => ({
  name: `hook${path.replaceAll('/', '.')}.example.org`,
  rules,
  clientConfig: { url: `https://127.0.0.1:${port}${path}`, caBundle: ca },
  admissionReviewVersions: ['v1'],
  sideEffects: 'None',
  ...more,
});
const validating = (name: string, ...webhooks: ValidatingWebhook[]) =>
  api.client.resource(ValidatingWebhookConfiguration).create({ metadata: { name }, webhooks });
const mutating = (name: string, ...webhooks: (ValidatingWebhook & { reinvocationPolicy?: string })[]) =>
  api.client.resource(MutatingWebhookConfiguration).create({ metadata: { name }, webhooks });
const maps = () => api.client.resource(ConfigMap).namespace('default');
let made = 0;
const map = (labels?: Record<string, string>): ConfigMap => ({
  metadata: { name: `map-${made++}`, ...(labels === undefined ? {} : { labels }) },
});

describe('a validating webhook', () => {
  it('is told all about the request, and its warnings reach the client', async () => {
    await validating('a', hook('/allow'));
    const created = await maps().create(
      { metadata: { name: 'told' }, data: { k: 'v' } },
      { fieldManager: 'me' },
    );
    expect(warnings).toEqual(['careful']);
    const calls = await seen();
    expect(calls[0]?.review).toMatchObject({
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      request: {
        kind: { group: '', version: 'v1', kind: 'ConfigMap' },
        resource: { group: '', version: 'v1', resource: 'configmaps' },
        requestKind: { group: '', version: 'v1', kind: 'ConfigMap' },
        requestResource: { group: '', version: 'v1', resource: 'configmaps' },
        name: 'told',
        namespace: 'default',
        operation: 'CREATE',
        userInfo: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
        object: {
          kind: 'ConfigMap',
          apiVersion: 'v1',
          metadata: { uid: created.metadata.uid },
          data: { k: 'v' },
        },
        oldObject: null,
        dryRun: false,
        options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'me' },
      },
    });
    await maps().delete('told');
    const [deletion] = await seen();
    expect(deletion?.review.request).toMatchObject({ operation: 'DELETE', object: null });
    expect(deletion?.review.request.oldObject).toMatchObject({ data: { k: 'v' } });
  });

  it.each([
    ['/deny', 'admission webhook "hook.deny.example.org" denied the request: not this one', 403],
    ['/silent', 'admission webhook "hook.silent.example.org" denied the request without explanation', 400],
  ])('%s refuses in words of the API', async (path, message, code) => {
    await validating('a', hook(path));
    await expect(maps().create(map())).rejects.toMatchObject({ message, code });
  });

  it.each<[string, Partial<ValidatingWebhook>, string]>([
    [
      '/hang',
      { timeoutSeconds: 1 },
      'failed to call webhook: Post "https://127.0.0.1:PORT/hang?timeout=1s": context deadline exceeded',
    ],
    [
      '/rubbish',
      {},
      "failed to call webhook: couldn't get version/kind; json parse error: invalid character '<' looking for beginning of value",
    ],
    ['/empty', {}, 'received invalid webhook response: webhook response was absent'],
    ['/stranger', {}, 'received invalid webhook response: expected response.uid='],
    ['/huge', {}, 'the answer is longer than 3145728 bytes'],
    ['/redirect', {}, 'failed to call webhook: the server responded with the status code 307'],
    [
      '/broken',
      {},
      'failed to call webhook: an error on the server ("no luck") has prevented the request from succeeding',
    ],
    [
      '/types',
      {},
      'failed to call webhook: json: cannot unmarshal string into Go struct field AdmissionResponse.response.allowed of type bool',
    ],
    ['/status', {}, 'failed to call webhook: not you'],
    [
      '/cut',
      {},
      'failed to call webhook: unexpected error when reading response body. Please retry. Original error: unexpected EOF',
    ],
    ['/nothing', {}, 'failed to call webhook: 0-length response with status code: 200'],
    ['/label', {}, 'received invalid webhook response: validating webhook may not return response.patch'],
  ])('%s does what its failure policy says', async (path, more, message) => {
    const failing = await validating('a', hook(path, more));
    const refused = await maps()
      .create(map())
      .catch((error: unknown) => error as Error & { code: number });
    const name = `hook.${path.slice(1)}.example.org`;
    expect(refused).toMatchObject({ code: 500 });
    expect((refused as Error).message).toContain(
      `Internal error occurred: failed calling webhook "${name}": `,
    );
    expect((refused as Error).message).toContain(message.replace('PORT', String(port)));
    const ignoring = { ...failing, webhooks: [hook(path, { ...more, failurePolicy: 'Ignore' })] };
    await api.client.resource(ValidatingWebhookConfiguration).replace(ignoring);
    await maps().create(map());
  });

  it('with a certificate of another CA, or for another name, is not believed', async () => {
    const url = `https://127.0.0.1:${port}/allow`;
    const made = await validating('a', hook('/allow', { clientConfig: { url, caBundle: otherCa } }));
    await expect(maps().create(map())).rejects.toThrow(
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    );
    const localhost = { url: `https://localhost:${port}/allow`, caBundle: ca };
    await api.client
      .resource(ValidatingWebhookConfiguration)
      .replace({ ...made, webhooks: [hook('/allow', { clientConfig: localhost })] });
    await expect(maps().create(map())).rejects.toThrow(
      'x509: certificate is valid for hook.default.svc, not localhost',
    );
    expect(await seen()).toEqual([]);
  });

  it('that wants to be asked later is asked again', async () => {
    await validating('a', hook('/later'));
    await maps().create(map());
    expect((await seen()).map(({ path }) => path)).toEqual(['/later', '/later']);
  });

  it('that is not there does what its failure policy says', async () => {
    const clientConfig = { url: 'https://127.0.0.1:1/', caBundle: ca };
    const down = await validating('a', hook('/down', { clientConfig }));
    await expect(maps().create(map())).rejects.toThrow('dial tcp 127.0.0.1:1: connect: connection refused');
    const ignoring = { ...down, webhooks: [hook('/down', { clientConfig, failurePolicy: 'Ignore' })] };
    await api.client.resource(ValidatingWebhookConfiguration).replace(ignoring);
    await maps().create(map());
  });

  it('is told who asks, where a kubeconfig says as whom', async () => {
    const [users, configuration] = [join(directory, 'hooks.kubeconfig'), join(directory, 'admission.json')];
    const user = { name: `127.0.0.1:${port}`, user: { token: 'of-the-server' } };
    await writeFile(users, JSON.stringify({ apiVersion: 'v1', kind: 'Config', users: [user] }));
    const plugin = {
      name: 'ValidatingAdmissionWebhook',
      configuration: {
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'WebhookAdmissionConfiguration',
        kubeConfigFile: users,
      },
    };
    const whole = {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AdmissionConfiguration',
      plugins: [plugin],
    };
    await writeFile(configuration, JSON.stringify(whole));
    const server = await startTlsServer(await readAdmissionConfiguration(configuration));
    const hooks = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
    await server.send({
      ...{ method: 'POST', path: hooks },
      body: { metadata: { name: 'a' }, webhooks: [hook('/allow')] },
    });
    const path = '/api/v1/namespaces/default/configmaps';
    await server.send({ method: 'POST', path, body: { metadata: { name: 'a' } } });
    expect(await seen()).toMatchObject([{ path: '/allow', authorization: 'Bearer of-the-server' }]);
    await server.close();
  });

  it('that is a service is found by its endpoints', async () => {
    const service = { namespace: 'default', name: 'hook', path: '/allow' };
    await validating('a', hook('/allow', { clientConfig: { service, caBundle: ca } }));
    await expect(maps().create(map())).rejects.toThrow(
      'failed calling webhook "hook.allow.example.org": failed to call webhook: Post "https://hook.default.svc:443/allow?timeout=10s": service "hook" not found',
    );
    const services = api.client.resource(Service).namespace('default');
    await services.create({
      metadata: { name: 'hook' },
      spec: { ports: [{ port: 443 }], clusterIP: 'None' },
    });
    await expect(maps().create(map())).rejects.toThrow('no endpoints available for service "hook"');
    // A test's endpoints may be loopback addresses, which the API would refuse.
    await api.server.storage.write('/registry/endpointslices/default/hook', () => ({
      put: Buffer.from(
        JSON.stringify({
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata: { name: 'hook', namespace: 'default', labels: { 'kubernetes.io/service-name': 'hook' } },
          addressType: 'IPv4',
          ports: [{ name: '', port, protocol: 'TCP' }],
          endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
        } satisfies EndpointSlice),
      ),
    }));
    await maps().create(map());
    expect(await seen()).toHaveLength(1);
  });

  it('is asked only about what its rules and selectors say', async () => {
    const objectSelector = { matchLabels: { check: 'yes' } };
    await validating('a', hook('/deny', { objectSelector }));
    await maps().create(map());
    await expect(maps().create(map({ check: 'yes' }))).rejects.toThrow('denied the request');
    const namespaceSelector = { matchLabels: { checked: 'yes' } };
    await api.client.resource(ValidatingWebhookConfiguration).deleteCollection();
    await validating('b', hook('/deny', { namespaceSelector }));
    await maps().create(map());
    await api.client
      .resource(Namespace)
      .create({ metadata: { name: 'checked', labels: { checked: 'yes' } } });
    await expect(api.client.resource(ConfigMap).namespace('checked').create(map())).rejects.toThrow('denied');
    await api.client.resource(Service).namespace('default').list();
    expect(await seen()).toHaveLength(2);
  });

  it('is asked where its match conditions hold, and one that fails is as its failure policy says', async () => {
    const conditions = (expression: string, more: Partial<ValidatingWebhook> = {}) =>
      hook('/deny', { matchConditions: [{ name: 'only', expression }], ...more });
    const condition = "has(object.metadata.labels) && object.metadata.labels['check'] == 'yes'";
    const made = await validating('a', conditions(condition));
    await maps().create(map());
    await expect(maps().create(map({ check: 'yes' }))).rejects.toThrow('denied the request');
    const broken = conditions("object.metadata.labels['none'] == 'yes'");
    const configurations = api.client.resource(ValidatingWebhookConfiguration);
    const replaced = await configurations.replace({ ...made, webhooks: [broken] });
    await expect(maps().create(map())).rejects.toMatchObject({ code: 403 });
    await configurations.replace({ ...replaced, webhooks: [{ ...broken, failurePolicy: 'Ignore' }] });
    await maps().create(map());
  });

  it('with side effects takes part in no dry run', async () => {
    const { name = '' } = (await maps().create(map())).metadata;
    await validating('a', hook('/allow', { sideEffects: 'NoneOnDryRun' }));
    await maps().patchMerge(name, { data: { a: 'b' } }, { dryRun: true });
    expect((await seen())[0]?.review.request).toMatchObject({ dryRun: true, options: { dryRun: ['All'] } });
  });
});

describe('a mutating webhook', () => {
  it('changes the object before validation, and others see what it made', async () => {
    await mutating('a', hook('/label'));
    await validating('b', hook('/allow', { objectSelector: { matchLabels: { patched: 'yes' } } }));
    const created = await maps().create(map());
    expect(created.metadata.labels).toEqual({ patched: 'yes' });
    expect((await seen()).map(({ path }) => path)).toEqual(['/label', '/allow']);
  });

  it('that answers with a patch that is none does what its failure policy says', async () => {
    await mutating('a', hook('/scribble'));
    await expect(maps().create(map())).rejects.toThrow('received undecodable patch in webhook response');
    await api.client.resource(MutatingWebhookConfiguration).deleteCollection();
    await mutating('b', hook('/scribble', { failurePolicy: 'Ignore' }));
    await maps().create(map());
  });

  it.each([
    ['/nonsense', 500, 'remove operation does not apply: doc is missing path: "/data/none": missing value'],
    ['/becomes-another-kind', 500, 'no kind "Secret" is registered for version "v1"'],
    ['/goes-elsewhere', 400, 'the namespace of the provided object does not match the namespace sent on'],
  ])(
    'that makes of the object what it can not be (%s) fails, whatever its policy',
    async (path, code, message) => {
      for (const failurePolicy of ['Fail', 'Ignore']) {
        await mutating('a', hook(path, { failurePolicy }));
        await expect(maps().create(map())).rejects.toMatchObject({
          code,
          message: expect.stringContaining(message),
        });
        await api.client.resource(MutatingWebhookConfiguration).deleteCollection();
      }
    },
  );

  it('comes in the order of names, and once more where it wants to see later changes', async () => {
    await mutating('2', { ...hook('/label'), name: 'second.example.org' });
    await mutating('1', { ...hook('/count'), name: 'first.example.org', reinvocationPolicy: 'IfNeeded' });
    const created = await maps().create(map());
    expect((await seen()).map(({ path }) => path)).toEqual(['/count', '/label', '/count']);
    expect(created.metadata).toMatchObject({ labels: { patched: 'yes' }, annotations: { count: '2' } });
  });

  it('changes the body of a subresource', async () => {
    const container = { name: 'a', image: 'x' };
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [container] } };
    const deployments = api.client.resource(Deployment).namespace('default');
    const selector = { matchLabels: { a: 'b' } };
    await deployments.create({ metadata: { name: 'd' }, spec: { replicas: 1, selector, template } });
    await mutating('a', {
      ...hook('/replicas'),
      rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/scale'] }],
    });
    await deployments.scale.patchMerge('d', { spec: { replicas: 5 } });
    expect((await deployments.get('d')).spec?.replicas).toBe(2);
    expect((await seen())[0]?.review.request).toMatchObject({
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      resource: { group: 'apps', version: 'v1', resource: 'deployments' },
      subResource: 'scale',
      object: { spec: { replicas: 5 } },
    });
  });
});

it('an equivalent version is converted to what the rules name', async () => {
  const named = { operations: ['CREATE'], apiGroups: ['autoscaling'], apiVersions: ['v2'] };
  const only = { rules: [{ ...named, resources: ['horizontalpodautoscalers'] }] };
  await validating('a', hook('/allow', only));
  const scalers = api.client.resource(HorizontalPodAutoscaler).namespace('default');
  const spec = { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } };
  await scalers.create({ metadata: { name: 'h' }, spec: { ...spec, targetCPUUtilizationPercentage: 50 } });
  expect((await seen())[0]?.review.request).toMatchObject({
    kind: { group: 'autoscaling', version: 'v2' },
    requestKind: { group: 'autoscaling', version: 'v1' },
    object: { apiVersion: 'autoscaling/v2', spec: { metrics: [{ type: 'Resource' }] } },
  });
  await api.client.resource(ValidatingWebhookConfiguration).deleteCollection();
  await validating('b', hook('/deny', { ...only, matchPolicy: 'Exact' }));
  await scalers.create({ metadata: { name: 'exact' }, spec });
});
