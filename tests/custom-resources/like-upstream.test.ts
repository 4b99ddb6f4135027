import type { KubernetesObject } from '@kubewright/api';
import { CustomResourceDefinition } from '@kubewright/api/apiextensions/v1';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crontabs, specOf } from './crontab.js';

/** What kube-apiserver 1.36.3 answered to the same requests, where a reader of its rules would guess otherwise. */

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  const definitions = server.client.resource(CustomResourceDefinition);
  const subresources = {
    status: {},
    scale: {
      specReplicasPath: '.spec.i',
      statusReplicasPath: '.status.r',
      labelSelectorPath: '.status.s',
    },
  };
  const schema = specOf({
    i: { type: 'integer', minimum: 1.5, exclusiveMinimum: true },
    i32: { type: 'integer', format: 'int32' },
    i64: { type: 'integer', format: 'int64' },
    embedded: {
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      properties: { spec: { type: 'object', properties: { a: { type: 'string' } } } },
    },
  });
  await definitions.create(crontabs({ subresources, schema }));
  await definitions.waitFor('crontabs.stable.example.com', (found) =>
    (found?.status?.conditions ?? []).some(({ type, status }) => type === 'Established' && status === 'True'),
  );
});
afterAll(() => server.close());

const collection = '/apis/stable.example.com/v1/namespaces/default/crontabs';
const identity = { apiVersion: 'stable.example.com/v1', kind: 'CronTab' };

interface Refusal {
  readonly code: number;
  readonly message: string;
  readonly details?: { readonly causes?: readonly { readonly field: string; readonly message: string }[] };
}

async function post(body: object, query = ''): Promise<KubernetesObject | Refusal> {
  const { requester } = server.client;
  const path = `${collection}?dryRun=All${query}`;
  return requester
    .json<KubernetesObject>({ method: 'POST', path, body })
    .catch((error: { toStatus(): Refusal }) => error.toStatus());
}

const causesOf = (answer: KubernetesObject | Refusal) =>
  ('details' in answer ? (answer.details?.causes ?? []) : []).map(
    ({ field, message }) => `${field}: ${message}`,
  );

it.each<readonly [spec: unknown, causes: readonly string[]]>([
  [
    { i: 1 },
    // Of whole numbers the whole part of a bound counts.
    ['spec.i: Invalid value: 1: spec.i in body should be greater than 1'],
  ],
  [
    { i: 2.5 },
    [
      'spec.i: Invalid value: "number": spec.i in body must be of type integer: "number"',
      '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.i',
      '.spec.i: Invalid value: 0: .spec.i accessor error: 2.5 is of the type float64, expected int64',
    ],
  ],
  [
    { i32: 1.5 },
    [
      'spec.i32: Invalid value: "float64": spec.i32 in body must be of type int32: "float64"',
      '<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.i32',
    ],
  ],
  [
    [],
    [
      'spec: Invalid value: "array": spec in body must be of type object: "array"',
      '.spec.i: Invalid value: 0: .spec.i accessor error: [] is of the type []interface {}, expected map[string]interface{}',
    ],
  ],
  [
    { i: -2 },
    [
      'spec.i: Invalid value: -2: spec.i in body should be greater than 1',
      '.spec.i: Invalid value: -2: should be a non-negative integer',
    ],
  ],
  [{ i: 3_000_000_000 }, ['.spec.i: Invalid value: 3000000000: should be less than or equal to 2147483647']],
])('a spec %j is refused in its words', async (spec, causes) => {
  expect(causesOf(await post({ ...identity, metadata: { name: 'x' }, spec }))).toEqual(causes);
});

it.each<readonly [body: object, code: number, message: string]>([
  [
    { metadata: { name: 'x' } },
    400,
    `the object provided is unrecognized (must be of type CronTab): Object 'Kind' is missing in '{"metadata":{"name":"x"}}' ({"metadata":{"name":"x"}})`,
  ],
  [
    { kind: 'CronTab', metadata: { name: 'x' } },
    400,
    'the API version in the data () does not match the expected API version (stable.example.com/v1)',
  ],
  [
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } },
    400,
    'the API version in the data (v1) does not match the expected API version (stable.example.com/v1)',
  ],
  [
    { ...identity, kind: 'Other', metadata: { name: 'x' } },
    422,
    'Other.stable.example.com "x" is invalid: kind: Invalid value: "Other": must be CronTab',
  ],
])('a body %j does not pass for one of the kind', async (body, code, message) => {
  expect(await post(body)).toMatchObject({ code, message });
});

it('what no metadata has is told after what the schema does not have', async () => {
  const embedded = { apiVersion: 'v1', kind: 'P', metadata: { zip: 1 }, spec: { b: 1 } };
  const body = { ...identity, metadata: { name: 'x' }, spec: { embedded, zz: 1 } };
  expect(await post(body, '&fieldValidation=Strict')).toMatchObject({
    message:
      'CronTab in version "v1" cannot be handled as a CronTab: strict decoding error: unknown field "spec.embedded.spec.b", unknown field "spec.zz", unknown field "spec.embedded.metadata.zip"',
  });
});

it('patches by strategy are for built-in kinds', async () => {
  const patched = server.client.requester.json({
    method: 'PATCH',
    path: `${collection}/x`,
    body: {},
    contentType: 'application/strategic-merge-patch+json',
  });
  await expect(patched).rejects.toThrow(
    'accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
  );
});

it('defaults are held to the rules of their schema, and are their own past', async () => {
  const definition = crontabs({
    schema: specOf({
      a: {
        type: 'integer',
        default: 1,
        'x-kubernetes-validations': [{ rule: 'self > 3', message: 'must be more' }],
      },
      b: {
        type: 'object',
        default: { x: 1 },
        properties: {
          x: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 3' }] },
          y: { type: 'integer', default: 0 },
        },
        'x-kubernetes-validations': [
          { rule: 'self.x > 3 && self.y > 3', reason: 'FieldValueForbidden', fieldPath: '.y' },
        ],
      },
      c: { type: 'integer', default: 1, 'x-kubernetes-validations': [{ rule: 'oldSelf > self' }] },
      d: {
        type: 'array',
        default: [1],
        maxItems: 3,
        items: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self/0 == 1' }] },
      },
    }),
  });
  const refused: unknown = await server.client
    .resource(CustomResourceDefinition)
    .create({ ...definition, metadata: { name: 'crontabs.stable.example.com' } }, { dryRun: true })
    .catch((error: { toStatus(): Refusal }) => error.toStatus());
  const at = 'spec.validation.openAPIV3Schema.properties[spec].properties';
  expect(causesOf(refused as Refusal)).toEqual([
    `${at}[a].default: Invalid value: 1: must be more`,
    `${at}[b].default.y: Forbidden: failed rule: self.x > 3 && self.y > 3`,
    `${at}[b].default.x: Invalid value: 1: failed rule: self > 3`,
    `${at}[c].default: Invalid value: 1: failed rule: oldSelf > self`,
    `${at}[d].default[0]: Invalid value: "integer": division by zero evaluating rule: self/0 == 1`,
  ]);
});

it('a status that says nothing yet is that of Go, and is written by the server itself', async () => {
  const definition = crontabs();
  const name = 'others.stable.example.com';
  definition.metadata.name = name;
  definition.spec.names = { plural: 'others', kind: 'Other' };
  const definitions = server.client.resource(CustomResourceDefinition);
  const created = await definitions.create(definition);
  expect(created.status).toEqual({
    conditions: null,
    acceptedNames: { plural: '', kind: '' },
    storedVersions: ['v1'],
  });
  const installed = await definitions.waitFor(name, (found) => (found?.status?.conditions?.length ?? 0) > 0);
  expect(
    installed?.metadata.managedFields?.map(({ manager, subresource }) => [manager, subresource]),
  ).toContainEqual(['kube-apiserver', 'status']);
});

it('a rule may compare values of the libraries, whatever the texts that they are made of', async () => {
  const rules = [
    'quantity(self.q) == quantity("1")',
    'ip(self.q) == ip("10.0.0.1")',
    'cidr(self.q) == cidr("10.0.0.0/8")',
    'semver(self.q) == semver("1.0.0")',
    'type(ip(self.q)) == net.IP',
  ].map((rule) => ({ rule: `${rule} || true` }));
  const definition = crontabs({ schema: specOf({ q: { type: 'string' } }, rules) });
  definition.metadata.name = 'compareds.stable.example.com';
  definition.spec.names = { plural: 'compareds', kind: 'Compared' };
  const made = server.client.resource(CustomResourceDefinition).create(definition, { dryRun: true });
  await expect(made).resolves.toBeDefined();
});

it('a rule that is wrong is shown as Go has it', async () => {
  const definition = crontabs({ schema: specOf({ i: { type: 'integer' } }, [{ rule: 'self.i > self.z' }]) });
  definition.metadata.name = 'wrongs.stable.example.com';
  definition.spec.names = { plural: 'wrongs', kind: 'Wrong' };
  const made = server.client.resource(CustomResourceDefinition).create(definition, { dryRun: true });
  await expect(made).rejects.toThrow(
    'Invalid value: {"Rule":"self.i \\u003e self.z","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:14: undefined field \'z\'',
  );
});

describe('metadata that is none', () => {
  const refused = 'CronTab in version "v1" cannot be handled as a CronTab: ';
  const numberForText = 'json: cannot unmarshal number into Go struct field';
  it.each<readonly [metadata: unknown, message: string]>([
    [{ labels: { a: 1 } }, `${numberForText} ObjectMeta.labels of type string`],
    [{ uid: 1 }, `${numberForText} ObjectMeta.uid of type types.UID`],
    [
      { ownerReferences: [{ apiVersion: 'v1', kind: 'A', name: 'b', uid: 3 }] },
      `${numberForText} OwnerReference.ownerReferences.uid of type types.UID`,
    ],
    [
      { ownerReferences: {} },
      'json: cannot unmarshal object into Go struct field ObjectMeta.ownerReferences of type []v1.OwnerReference',
    ],
    ['x', 'json: cannot unmarshal string into Go value of type v1.ObjectMeta'],
  ])('%j is told in the words of Go', async (metadata, message) => {
    expect(await post({ ...identity, metadata })).toMatchObject({
      code: 400,
      message: `${refused}${message}`,
    });
    const embedded = { apiVersion: 'v1', kind: 'P', metadata };
    const shown = JSON.stringify(metadata);
    expect(await post({ ...identity, metadata: { name: 'x' }, spec: { embedded } })).toMatchObject({
      code: 400,
      message: `${refused}spec.embedded.metadata: Invalid value: ${shown}: ${message}`,
    });
  });

  it('of an object within an object is refused, and so is what is no kind', async () => {
    const embedded = { apiVersion: 'v1', kind: 1 };
    expect(await post({ ...identity, metadata: { name: 'x' }, spec: { embedded } })).toMatchObject({
      code: 400,
      message: `${refused}spec.embedded.kind: Invalid value: 1: must be a string`,
    });
  });
});

it('a scale says how many are wanted, or is none', async () => {
  const { requester } = server.client;
  await requester.json({
    method: 'POST',
    path: collection,
    body: { ...identity, metadata: { name: 'unscaled' } },
  });
  const scale = `${collection}/unscaled/scale`;
  await expect(requester.json({ method: 'GET', path: scale })).rejects.toThrow(
    'Internal error occurred: the spec replicas field ".spec.i" does not exist',
  );
  await requester.json({ method: 'DELETE', path: `${collection}/unscaled` });
});
