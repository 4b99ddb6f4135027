import {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from '@kubewright/api/admissionregistration/v1';
import { ConfigMap, Pod } from '@kubewright/api/core/v1';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
});
afterAll(() => api.close());
afterEach(async () => {
  await api.client.resource(MutatingAdmissionPolicyBinding).deleteCollection();
  await api.client.resource(MutatingAdmissionPolicy).deleteCollection();
  await api.client.resource(ConfigMap).namespace('default').deleteCollection();
  await api.client.resource(Pod).namespace('default').deleteCollection();
});

type Spec = NonNullable<MutatingAdmissionPolicy['spec']>;
type Mutation = NonNullable<Spec['mutations']>[number];

const on = (resource: string): Spec['matchConstraints'] => ({
  resourceRules: [
    { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: [resource] },
  ],
});
const apply = (expression: string): Mutation => ({
  patchType: 'ApplyConfiguration',
  applyConfiguration: { expression },
});
const patch = (expression: string): Mutation => ({ patchType: 'JSONPatch', jsonPatch: { expression } });

async function policy(name: string, mutations: Mutation[], spec: Partial<Spec> = {}): Promise<void> {
  await api.client
    .resource(MutatingAdmissionPolicyBinding)
    .create({ metadata: { name: `${name}-binding` }, spec: { policyName: name } });
  await api.client.resource(MutatingAdmissionPolicy).create({
    metadata: { name },
    spec: {
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      matchConstraints: on('configmaps'),
      mutations,
      ...spec,
    },
  });
}

const maps = () => api.client.resource(ConfigMap).namespace('default');
const pods = () => api.client.resource(Pod).namespace('default');

describe('a mutation', () => {
  it('merges a configuration, as server-side apply does', async () => {
    await policy(
      'sidecar',
      [
        apply(`Object{
          metadata: Object.metadata{labels: {'mesh': object.metadata.name}},
          spec: Object.spec{
            initContainers: [Object.spec.initContainers{name: 'mesh', image: 'mesh/proxy:' + variables.tag, restartPolicy: 'Always'}],
            containers: [Object.spec.containers{name: 'main', env: [Object.spec.containers.env{name: 'MESH', value: 'on'}]}]
          }
        }`),
      ],
      {
        matchConstraints: on('pods'),
        variables: [{ name: 'tag', expression: "'v' + string(2)" }],
        matchConditions: [
          {
            name: 'none-yet',
            expression:
              "!has(object.spec.initContainers) || !object.spec.initContainers.exists(c, c.name == 'mesh')",
          },
        ],
      },
    );
    const made = await pods().create({
      metadata: { name: 'p', labels: { app: 'a' } },
      spec: { containers: [{ name: 'main', image: 'x', env: [{ name: 'A', value: 'b' }] }] },
    });
    expect(made.metadata.labels).toEqual({ app: 'a', mesh: 'p' });
    expect(made.spec?.initContainers).toMatchObject([
      { name: 'mesh', image: 'mesh/proxy:v2', restartPolicy: 'Always' },
    ]);
    expect(made.spec?.containers).toMatchObject([
      {
        name: 'main',
        image: 'x',
        env: [
          { name: 'A', value: 'b' },
          { name: 'MESH', value: 'on' },
        ],
      },
    ]);
  });

  it('applies JSON patches, each over what those before it made', async () => {
    await policy('patches', [
      patch(
        `[
        JSONPatch{op: 'test', path: '/metadata/name', value: object.metadata.name},
        JSONPatch{op: 'add', path: '/metadata/labels', value: {}},
        JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('example.dev/a~b'), value: 'yes'}
      ]`.replace('a~b', 'a_b'),
      ),
      patch(
        "has(object.metadata.labels) ? [JSONPatch{op: 'add', path: '/data', value: {'labels': string(size(object.metadata.labels))}}] : []",
      ),
      patch(
        "[JSONPatch{op: 'test', path: '/metadata/name', value: 'other'}, JSONPatch{op: 'remove', path: '/data'}]",
      ),
    ]);
    const made = await maps().create({ metadata: { name: 'a' } });
    expect(made.metadata.labels).toEqual({ 'example.dev/a_b': 'yes' });
    expect(made.data).toEqual({ labels: '1' });
  });

  it('is seen by the policies after it, and again by those before that ask for it', async () => {
    const grow = "Object{data: {'a': has(object.data) && 'a' in object.data ? object.data.a + 'a' : 'a'}}";
    const next = "Object{data: {'b': has(object.data) && 'a' in object.data ? object.data.a : 'none'}}";
    await policy('p1', [apply(grow)], { reinvocationPolicy: 'IfNeeded' });
    await policy('p2', [apply(next)]);
    expect((await maps().create({ metadata: { name: 'a' } })).data).toEqual({ a: 'aa', b: 'a' });
  });

  it('that can not be made refuses the request, or leaves the object as it is', async () => {
    await policy('p', [apply('Object{spec: Object.spec{replicas: 1}}')]);
    await expect(maps().create({ metadata: { name: 'a' } })).rejects.toMatchObject({
      code: 403,
      reason: 'Invalid',
      message:
        "policy 'p' with binding 'p-binding' denied request: error applying patch: failed to convert patch object to typed object: .spec: field not declared in schema",
    });
    await api.client.resource(MutatingAdmissionPolicy).patchMerge('p', { spec: { failurePolicy: 'Ignore' } });
    expect((await maps().create({ metadata: { name: 'a' } })).data).toBeUndefined();
  });

  it.each([
    [
      "Object{metadata: Object.other{labels: {'a': 'b'}}}",
      'type mismatch: unexpected type name "Object.other", expected "Object.metadata", which matches field name path from root Object type',
    ],
    [
      "Object{data: {'a': object.data.none}}",
      `expression 'Object{data: {'a': object.data.none}}' resulted in error: no such key: data`,
    ],
    ["Object{data: {1: 'b'}}", 'map key 1 is not a string'],
  ])('%s is refused at run time', async (expression, message) => {
    await policy('p', [apply(expression)]);
    await expect(maps().create({ metadata: { name: 'a' } })).rejects.toThrow(message);
  });

  it('may not set what is one field as a whole', async () => {
    await policy(
      'p',
      [apply("Object{spec: Object.spec{containers: [Object.spec.containers{name: 'c', command: ['a']}]}}")],
      {
        matchConstraints: on('pods'),
      },
    );
    await expect(
      pods().create({ metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'x' }] } }),
    ).rejects.toThrow('may not mutate atomic arrays, maps or structs: .spec.containers[0].command');
  });

  it('must be an expression for what it says it is', async () => {
    const refused: unknown = await policy('p', [
      apply('1'),
      apply('Object{spec: }'),
      patch('[JSONPatch{op: 1}]'),
      patch('Object{}'),
    ]).catch((error: unknown) => error);
    const { details } = refused as { details: { causes: { field: string; message: string }[] } };
    expect(details.causes.map(({ field, message }) => `${field}: ${message.split('\n')[0]}`)).toEqual([
      'spec.mutations[0].applyConfiguration.expression: Invalid value: "1": must evaluate to Object but got int',
      "spec.mutations[1].applyConfiguration.expression: Invalid value: \"Object{spec: }\": compilation failed: ERROR: <input>:1:14: Syntax error: mismatched input '}' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
      "spec.mutations[2].jsonPatch.expression: Invalid value: \"[JSONPatch{op: 1}]\": compilation failed: ERROR: <input>:1:14: expected type of field 'op' is 'string' but provided type is 'int'",
      'spec.mutations[3].jsonPatch.expression: Invalid value: "Object{}": must evaluate to list(JSONPatch) but got Object',
    ]);
  });
});
