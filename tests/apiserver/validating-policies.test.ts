import type { KubernetesObject } from '@kubewright/api';
import {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '@kubewright/api/admissionregistration/v1';
import { Deployment } from '@kubewright/api/apps/v1';
import { HorizontalPodAutoscaler } from '@kubewright/api/autoscaling/v2';
import { ConfigMap, Namespace } from '@kubewright/api/core/v1';
import type { ClientOptions } from '@kubewright/client';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const warnings: string[] = [];
const options: ClientOptions = { onWarning: (text) => void warnings.push(text) };
let api: TestServer;
beforeAll(async () => {
  api = await startTestServer({ client: options });
});
afterAll(() => api.close());
afterEach(async () => {
  await api.client.resource(ValidatingAdmissionPolicyBinding).deleteCollection();
  await api.client.resource(ValidatingAdmissionPolicy).deleteCollection();
  await api.client.resource(ConfigMap).namespace('default').deleteCollection();
  warnings.length = 0;
});

type Spec = NonNullable<ValidatingAdmissionPolicy['spec']>;
type BindingSpec = NonNullable<ValidatingAdmissionPolicyBinding['spec']>;

const onConfigMaps: Spec['matchConstraints'] = {
  resourceRules: [
    { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] },
  ],
};

async function policy(name: string, spec: Partial<Spec>, binding: Partial<BindingSpec> = {}): Promise<void> {
  await api.client.resource(ValidatingAdmissionPolicyBinding).create({
    metadata: { name: `${name}-binding` },
    spec: { policyName: name, validationActions: ['Deny'], ...binding },
  });
  await api.client.resource(ValidatingAdmissionPolicy).create({
    metadata: { name },
    spec: { failurePolicy: 'Fail', matchConstraints: onConfigMaps, ...spec },
  });
}

const maps = (namespace = 'default') => api.client.resource(ConfigMap).namespace(namespace);
const map = (name: string, data: Record<string, string> = {}, labels = {}): ConfigMap => ({
  metadata: { name, labels },
  data,
});
const create = (object: ConfigMap) => maps().create(object);

describe('a policy', () => {
  it('refuses what its expressions do not hold for, with its message and reason', async () => {
    await policy('p', {
      variables: [
        { name: 'size', expression: "has(object.data) && 'size' in object.data ? int(object.data.size) : 0" },
        { name: 'double', expression: 'variables.size * 2' },
      ],
      validations: [
        {
          expression: 'variables.double <= 10',
          messageExpression: "'twice ' + string(variables.size) + ' is too much'",
        },
        {
          expression: "object.metadata.name != 'forbidden'",
          message: 'not by that name',
          reason: 'Forbidden',
        },
        { expression: "request.operation == 'CREATE' || oldObject.metadata.name == object.metadata.name" },
      ],
    });
    await create(map('a', { size: '5' }));
    await expect(create(map('b', { size: '6' }))).rejects.toMatchObject({
      reason: 'Invalid',
      code: 422,
      message:
        "configmaps \"b\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p-binding' denied request: twice 6 is too much",
      details: {
        causes: [
          {
            message:
              "ValidatingAdmissionPolicy 'p' with binding 'p-binding' denied request: twice 6 is too much",
          },
        ],
      },
    });
    await expect(create(map('forbidden'))).rejects.toMatchObject({ reason: 'Forbidden', code: 403 });
    await expect(maps().patchMerge('a', { data: { size: '7' } })).rejects.toThrow('twice 7 is too much');
  });

  it('says which expression failed, where it has no message', async () => {
    await policy('p', { validations: [{ expression: ' object.metadata.name == "x" ' }] });
    await expect(create(map('a'))).rejects.toThrow(
      'denied request: failed expression: object.metadata.name == "x"',
    );
  });

  it('fails or lets pass what it can not decide', async () => {
    const validations = [{ expression: 'object.data.none == "x"' }];
    await policy('strict', { validations });
    await expect(create(map('a', { b: 'c' }))).rejects.toThrow(
      'denied request: expression \'object.data.none == "x"\' resulted in error: no such key: none',
    );
    await api.client.resource(ValidatingAdmissionPolicy).delete('strict');
    await policy('lax', { validations, failurePolicy: 'Ignore' });
    await create(map('a', { b: 'c' }));
  });

  it('is stopped at its budget', async () => {
    const ten = '[1,2,3,4,5,6,7,8,9,10]';
    const deep = [...'abcdefg'].reduce(
      (inner, name) => `${ten}.all(${name}, ${inner})`,
      'object.metadata.name != ""',
    );
    await policy('p', { validations: [{ expression: deep }] });
    await expect(create(map('a'))).rejects.toThrow('actual cost limit exceeded');
  });

  it('warns, and lets the request pass', async () => {
    await policy(
      'p',
      { validations: [{ expression: 'false', message: 'never' }] },
      { validationActions: ['Warn', 'Audit'] },
    );
    await create(map('a'));
    expect(warnings).toEqual([
      "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'p-binding': never",
    ]);
  });

  it('concerns what its conditions, rules and selectors say', async () => {
    const validations = [{ expression: 'false' }];
    await policy('p', {
      validations,
      matchConditions: [
        { name: 'labelled', expression: "has(object.metadata.labels) && 'ask' in object.metadata.labels" },
      ],
      matchConstraints: {
        ...onConfigMaps,
        objectSelector: { matchExpressions: [{ key: 'skip', operator: 'DoesNotExist' }] },
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
        excludeResourceRules: [
          {
            apiGroups: ['*'],
            apiVersions: ['*'],
            operations: ['*'],
            resources: ['*'],
            resourceNames: ['excluded'],
          },
        ],
      },
    });
    await api.client.resource(Namespace).create({ metadata: { name: 'other' } });
    await create(map('unlabelled'));
    await create(map('skipped', {}, { ask: '', skip: '' }));
    await create(map('excluded', {}, { ask: '' }));
    await maps('other').create(map('elsewhere', {}, { ask: '' }));
    await expect(create(map('asked', {}, { ask: '' }))).rejects.toThrow('failed expression: false');
  });

  it('sees requests in the version that it names, unless it wants them exactly', async () => {
    const rule = {
      apiGroups: ['autoscaling'],
      operations: ['CREATE'],
      resources: ['horizontalpodautoscalers'],
      apiVersions: ['v1'],
    };
    const hpa = (name: string) => ({
      metadata: { name },
      spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } },
    });
    const hpas = api.client.resource(HorizontalPodAutoscaler).namespace('default');
    const validations = [
      {
        expression:
          "object.apiVersion != 'autoscaling/v1' || request.requestKind.version != 'v2' || request.kind.version != 'v1'",
      },
    ];
    await policy('p', { validations, matchConstraints: { resourceRules: [rule] } });
    await expect(hpas.create(hpa('a'))).rejects.toThrow('failed expression');
    await api.client.resource(ValidatingAdmissionPolicy).delete('p');
    await policy('q', { validations, matchConstraints: { resourceRules: [rule], matchPolicy: 'Exact' } });
    await hpas.create(hpa('a'));
  });

  it('has no say in what decides about admission', async () => {
    const everything = { apiGroups: ['*'], apiVersions: ['*'], operations: ['*' as const], resources: ['*'] };
    await policy('p', {
      validations: [{ expression: 'false' }],
      matchConstraints: { resourceRules: [everything] },
    });
    await expect(create(map('a'))).rejects.toThrow('failed expression: false');
    await api.client.resource(ValidatingAdmissionPolicy).delete('p');
    await create(map('a'));
  });
});

describe('parameters', () => {
  const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
  const validations = [
    {
      expression:
        'params == null || object.metadata.name == params.metadata.name || object.data.size == params.data.size',
    },
  ];
  const notParameters = [{ name: 'others', expression: "!object.metadata.name.startsWith('param')" }];

  it('are found by name or by labels, in the namespace of the request or another', async () => {
    await create(map('param-a', { size: '1' }, { param: 'yes' }));
    await create(map('param-b', { size: '2' }, { param: 'yes' }));
    await policy(
      'p',
      { paramKind, validations, matchConditions: notParameters },
      { paramRef: { name: 'param-a', parameterNotFoundAction: 'Deny' } },
    );
    await create(map('a', { size: '1' }));
    await expect(create(map('b', { size: '2' }))).rejects.toThrow('failed expression');
    await api.client.resource(ValidatingAdmissionPolicyBinding).delete('p-binding');
    await api.client.resource(ValidatingAdmissionPolicyBinding).create({
      metadata: { name: 'by-labels' },
      spec: {
        policyName: 'p',
        validationActions: ['Deny'],
        paramRef: {
          selector: { matchLabels: { param: 'yes' } },
          namespace: 'default',
          parameterNotFoundAction: 'Allow',
        },
      },
    });
    await expect(create(map('c', { size: '1' }))).rejects.toThrow('failed expression');
  });

  it('that are not there deny or do not', async () => {
    await policy(
      'p',
      { paramKind, validations },
      { paramRef: { name: 'param-none', parameterNotFoundAction: 'Deny' } },
    );
    await expect(create(map('a', { size: '1' }))).rejects.toThrow(
      'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
    );
    await api.client.resource(ValidatingAdmissionPolicyBinding).patchMerge('p-binding', {
      spec: { paramRef: { parameterNotFoundAction: 'Allow' } },
    });
    await create(map('a', { size: '1' }));
  });

  it('of a kind that the server does not have are a fault of the policy', async () => {
    await policy(
      'p',
      { paramKind: { apiVersion: 'example.dev/v1', kind: 'None' }, validations },
      { paramRef: { name: 'x', parameterNotFoundAction: 'Deny' } },
    );
    await expect(create(map('a', { size: '1' }))).rejects.toThrow(
      "ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'example.dev/v1, Kind=None'",
    );
  });
});

describe('expressions', () => {
  it('may ask the authorizer, and know the namespace and who asks', async () => {
    await policy('p', {
      validations: [
        {
          expression: "authorizer.group('').resource('secrets').namespace('default').check('get').allowed()",
        },
        { expression: "authorizer.requestResource.check('create').allowed()" },
        {
          expression:
            "!authorizer.serviceAccount('default', 'nobody').path('/metrics').check('get').errored()",
        },
        {
          expression:
            "namespaceObject.metadata.name == 'default' && namespaceObject.metadata.creationTimestamp > timestamp('2020-01-01T00:00:00Z')",
        },
        {
          expression:
            "request.userInfo.username == 'admin' && request.name == object.metadata.name && request.dryRun == false",
        },
        {
          expression: "request.resource.resource == 'configmaps' && request.options.kind == 'CreateOptions'",
        },
        { expression: 'oldObject == null' },
      ],
    });
    await create(map('a'));
  });

  it('that are none are all named when the policy is written', async () => {
    const bad: KubernetesObject & ValidatingAdmissionPolicy = {
      metadata: { name: 'bad' },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: onConfigMaps,
        matchConditions: [{ name: 'm', expression: 'params.x == 1' }],
        variables: [
          { name: 'a', expression: '1 +' },
          { name: 'b', expression: 'variables.a + variables.c' },
        ],
        validations: [
          { expression: "'a'", messageExpression: '1' },
          { expression: 'variables.none', messageExpression: "authorizer.path('/x').check('get').reason()" },
        ],
        auditAnnotations: [{ key: 'k', valueExpression: 'true' }],
      },
    };
    const refused: unknown = await api.client
      .resource(ValidatingAdmissionPolicy)
      .create(bad)
      .catch((error: unknown) => error);
    const { details } = refused as { details: { causes: { field: string; message: string }[] } };
    expect(details.causes.map(({ field, message }) => `${field}: ${message.split('\n')[0]}`)).toEqual([
      "spec.matchConditions[0].expression: Invalid value: \"params.x == 1\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')",
      "spec.variables[0].expression: Invalid value: \"1 +\": compilation failed: ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
      'spec.variables[1].expression: Invalid value: "variables.a + variables.c": compilation failed: ERROR: <input>:1:24: undefined field \'c\'',
      'spec.validations[0].expression: Invalid value: "\'a\'": must evaluate to bool but got string',
      'spec.validations[0].messageExpression: Invalid value: "1": must evaluate to string but got int',
      'spec.validations[1].expression: Invalid value: "variables.none": compilation failed: ERROR: <input>:1:10: undefined field \'none\'',
      "spec.validations[1].messageExpression: Invalid value: \"authorizer.path('/x').check('get').reason()\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'authorizer' (in container '')",
      'spec.auditAnnotations[0].valueExpression: Invalid value: "true": must evaluate to one of [string null_type] but got bool',
    ]);
  });
});

describe('the status of a policy', () => {
  it('warns of expressions that do not fit the kinds that its rules name', async () => {
    await policy('typed', {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: ['apps'],
            apiVersions: ['v1'],
            operations: ['CREATE'],
            resources: ['deployments', 'replicasets'],
          },
        ],
      },
      variables: [{ name: 'replicas', expression: 'object.spec.replicas' }],
      validations: [
        { expression: "variables.replicas > 1 && object.metadata.labels['a'] == params.data.a" },
        {
          expression: "object.spec.strategy.type == 'Recreate'",
          messageExpression: "'no ' + variables.replicas",
        },
        { expression: 'object.replicas > 1' },
      ],
    });
    const policies = api.client.resource(ValidatingAdmissionPolicy);
    const { status } = await policies.get('typed');
    expect(status?.observedGeneration).toBe(1);
    expect(status?.typeChecking?.expressionWarnings).toEqual([
      {
        fieldRef: 'spec.validations[1].expression',
        warning:
          "apps/v1, Kind=ReplicaSet: ERROR: <input>:1:12: undefined field 'strategy'\n | object.spec.strategy.type == 'Recreate'\n | ...........^\n",
      },
      {
        fieldRef: 'spec.validations[1].messageExpression',
        warning: ['Deployment', 'ReplicaSet']
          .map(
            (kind) =>
              `apps/v1, Kind=${kind}: ERROR: <input>:1:7: found no matching overload for '_+_' applied to '(string, int)'\n | 'no ' + variables.replicas\n | ......^\n`,
          )
          .join('\n'),
      },
      {
        fieldRef: 'spec.validations[2].expression',
        warning: ['Deployment', 'ReplicaSet']
          .map(
            (kind) =>
              `apps/v1, Kind=${kind}: ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | ......^\n`,
          )
          .join('\n'),
      },
    ]);
    const better = await policies.patchMerge('typed', {
      spec: { validations: [{ expression: 'variables.replicas > 1' }] },
    });
    expect(better.status).toEqual({ observedGeneration: 2, typeChecking: {} });
  });
});

it('a Deployment is looked at as any other object', async () => {
  await policy('replicas', {
    matchConstraints: {
      resourceRules: [
        { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] },
      ],
    },
    validations: [{ expression: 'object.spec.replicas <= 2' }],
  });
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } };
  const deployment = (replicas: number): Deployment => ({
    metadata: { name: 'd' },
    spec: { replicas, selector: { matchLabels: { a: 'b' } }, template },
  });
  const deployments = api.client.resource(Deployment).namespace('default');
  await expect(deployments.create(deployment(3))).rejects.toThrow(
    'failed expression: object.spec.replicas <= 2',
  );
  await deployments.create(deployment(2));
});
