import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTlsServer, type TlsServer } from '../tls-server.js';

interface Written {
  readonly metadata: {
    readonly generation?: number;
    readonly managedFields?: readonly { readonly manager: string; readonly fieldsV1: object }[];
  };
  readonly [member: string]: unknown;
}

let server: TlsServer;
beforeAll(async () => {
  server = await startTlsServer();
});
afterAll(() => server.close());

const maps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const types = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
};

const post = (path: string, body: string | object) => server.send({ method: 'POST', path, body });
const patch = (path: string, type: keyof typeof types, body: string | object) =>
  server.send({ method: 'PATCH', path, body, headers: { 'content-type': types[type] } });
const owned = ({ metadata }: Written) =>
  Object.fromEntries((metadata.managedFields ?? []).map(({ manager, fieldsV1 }) => [manager, fieldsV1]));

const deployment = (name: string, replicas: string) =>
  `{"metadata":{"name":"${name}"},"spec":{"replicas":${replicas},"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}`;

describe('numbers', () => {
  it.each(['1.0', '1e3', '0.0'])('%s is no whole number in JSON', async (number) => {
    const answer = await post(deployments, deployment('n', number));
    expect(answer.code).toBe(400);
    expect(answer.text).toContain(
      `json: cannot unmarshal number ${number} into Go struct field DeploymentSpec.spec.replicas of type int32`,
    );
  });

  it('are whole in a strategic patch, which is read as a map, and not in the others', async () => {
    expect((await post(deployments, deployment('whole', '1'))).code).toBe(201);
    const path = `${deployments}/whole`;
    expect((await patch(path, 'strategic', '{"spec":{"replicas":2.0}}')).json<Written>().spec).toMatchObject({
      replicas: 2,
    });
    for (const [type, body] of [
      ['merge', '{"spec":{"replicas":3.0}}'],
      ['json', '[{"op":"replace","path":"/spec/replicas","value":3.0}]'],
    ] as const) {
      const answer = await patch(path, type, body);
      expect(answer.code).toBe(422);
      expect(answer.text).toContain('cannot unmarshal number 3.0');
      // What is refused is shown as Go writes it.
      expect(answer.text).toMatch(
        /\\"spec\\+":\{\\+"progressDeadlineSeconds\\+":600,\\+"replicas\\+":3\.0,\\+"revisionHistoryLimit/,
      );
    }
  });

  it('stay as they were written in a quantity', async () => {
    const answer = await post(
      '/api/v1/namespaces/default/resourcequotas',
      '{"metadata":{"name":"q"},"spec":{"hard":{"pods":1e3}}}',
    );
    expect(answer.json<Written>().spec).toEqual({ hard: { pods: '1e3' } });
  });
});

it('joins the members of keys that occur twice', async () => {
  const answer = await post(maps, '{"metadata":{"name":"twice"},"data":{"a":"1"},"data":{"b":"2"}}');
  expect(answer.json<Written>().data).toEqual({ a: '1', b: '2' });
});

it('gives nobody what an object has anyway', async () => {
  const path = '/apis/apps/v1/namespaces/default/controllerrevisions';
  const zero = (
    await post(`${path}?fieldManager=m`, '{"metadata":{"name":"r0"},"revision":0,"data":{"a":1}}')
  ).json<Written>();
  expect(owned(zero)).toEqual({ m: { 'f:data': {} } });
  const role = (
    await post('/apis/rbac.authorization.k8s.io/v1/clusterroles', { metadata: { name: 'none' } })
  ).json<Written>();
  expect(role.rules).toBeNull();
  expect(role.metadata.managedFields).toBeUndefined();
});

describe('metadata', () => {
  it('keeps a generation that the server does not count', async () => {
    const made = await post(maps, { metadata: { name: 'seven', generation: 7 } });
    expect(made.json<Written>().metadata.generation).toBe(7);
  });

  it('takes no finalizer without a domain, but of kinds that always did', async () => {
    const message =
      'metadata.finalizers[0]: Invalid value: \\"q\\": name is neither a standard finalizer name nor is it fully qualified';
    expect((await post(maps, { metadata: { name: 'f', finalizers: ['q'] } })).text).toContain(message);
    expect((await patch(`${maps}/seven`, 'merge', { metadata: { finalizers: ['q'] } })).text).toContain(
      message,
    );
    const lease = await post('/apis/coordination.k8s.io/v1/namespaces/default/leases', {
      metadata: { name: 'l', finalizers: ['q'] },
    });
    expect(lease.code).toBe(201);
  });
});

it('gives nobody what a write to a certificate request cannot change', async () => {
  const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({ name: 'CN=a', keys, signingAlgorithm });
  const made = await post(`${requests}?fieldManager=m`, {
    metadata: { name: 'c', labels: { a: 'b' } },
    spec: {
      request: Buffer.from(request.toString('pem')).toString('base64'),
      signerName: 'a.b/c',
      usages: ['client auth'],
    },
  });
  expect(owned(made.json<Written>())).toEqual({
    m: { 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } } },
  });
});

it('says who asked a question', async () => {
  const answer = await post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews?fieldManager=m', {
    spec: { nonResourceAttributes: { path: '/x', verb: 'get' } },
  });
  expect(owned(answer.json<Written>())).toEqual({
    m: { 'f:spec': { 'f:nonResourceAttributes': { '.': {}, 'f:path': {}, 'f:verb': {} } } },
  });
});

it('takes an Eviction of the former version', async () => {
  const path = '/api/v1/namespaces/default/pods/none/eviction';
  const eviction = (version: string) => ({
    apiVersion: `policy/${version}`,
    kind: 'Eviction',
    metadata: { name: 'none' },
  });
  expect((await post(path, eviction('v1beta1'))).code).toBe(404);
  expect((await post(path, eviction('v1alpha1'))).code).toBe(400);
});
