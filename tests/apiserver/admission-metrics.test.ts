import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from '@kubewright/api/admissionregistration/v1';
import { ConfigMap, Namespace, Pod, Secret } from '@kubewright/api/core/v1';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
});
afterAll(() => api.close());

/** The lines of a metric, with its labels. */
async function linesOf(name: string): Promise<string[]> {
  const { text } = await api.server.metrics.expose(api.server);
  return text.split('\n').filter((line) => line.startsWith(`${name}{`));
}
const rules = (resource: string) => [
  { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: [resource] },
];
const maps = () => api.client.resource(ConfigMap).namespace('default');

it('policies are counted by what came of them', async () => {
  const { client } = api;
  const matchConstraints = { resourceRules: rules('configmaps') };
  const matchConditions = [{ name: 'few', expression: "object.metadata.name != 'skipped'" }];
  await client.resource(ValidatingAdmissionPolicy).create({
    metadata: { name: 'no' },
    spec: {
      matchConstraints,
      matchConditions,
      validations: [{ expression: "object.metadata.name == 'fine'" }],
    },
  });
  await client.resource(ValidatingAdmissionPolicyBinding).create({
    metadata: { name: 'bound' },
    spec: { policyName: 'no', validationActions: ['Deny', 'Audit'] },
  });
  const mutation = {
    patchType: 'ApplyConfiguration',
    applyConfiguration: { expression: 'Object{data: {"a": "b"}}' },
  };
  await client.resource(MutatingAdmissionPolicy).create({
    metadata: { name: 'change' },
    spec: { matchConstraints, reinvocationPolicy: 'Never', mutations: [mutation] },
  });
  await client.resource(MutatingAdmissionPolicyBinding).create({
    metadata: { name: 'bound' },
    spec: { policyName: 'change' },
  });
  await expect(maps().create({ metadata: { name: 'a' } })).rejects.toThrow('denied request');
  await maps().create({ metadata: { name: 'skipped' } });
  await maps().create({ metadata: { name: 'fine' } });
  const labels = (action: string) =>
    `{error_type="invalid_error",policy="no",policy_binding="bound",enforcement_action="${action}"}`;
  const checks = 'apiserver_validating_admission_policy_check_total';
  expect(await linesOf(checks)).toEqual([`${checks}${labels('deny')} 1`, `${checks}${labels('audit')} 1`]);
  const mutations = 'apiserver_mutating_admission_policy_check_total';
  expect(await linesOf(mutations)).toEqual([
    `${mutations}{error_type="no_error",policy="change",policy_binding="bound"} 3`,
  ]);
  const exclusions = 'apiserver_admission_match_condition_exclusions_total';
  expect(await linesOf(exclusions)).toEqual([
    `${exclusions}{kind="policy",name="no",operation="CREATE",type="validate"} 1`,
  ]);
});

it('match conditions of webhooks are counted, those that fail too', async () => {
  const hook = (name: string, expression: string, failurePolicy: string) => ({
    ...{
      name,
      failurePolicy,
      rules: rules('namespaces'),
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    },
    clientConfig: { url: 'https://127.0.0.1:1/' },
    matchConditions: [{ name: 'c', expression }],
  });
  await api.client.resource(ValidatingWebhookConfiguration).create({
    metadata: { name: 'w' },
    webhooks: [
      hook('never.example.org', 'false', 'Fail'),
      hook('broken.example.org', 'object.none.x == 1', 'Ignore'),
    ],
  });
  await api.client.resource(Namespace).create({ metadata: { name: 'a' } });
  const errors = 'apiserver_admission_match_condition_evaluation_errors_total';
  expect(await linesOf(errors)).toEqual([
    `${errors}{kind="webhook",name="broken.example.org",operation="CREATE",type="validate"} 1`,
  ]);
  expect((await linesOf('apiserver_admission_match_condition_exclusions_total')).join()).toContain('never');
});

it("the time of webhooks is the request's, and not the server's own", async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  await api.client.resource(ValidatingWebhookConfiguration).create({
    metadata: { name: 'silent' },
    webhooks: [
      {
        ...{ name: 'silent.example.org', rules: rules('secrets'), sideEffects: 'None' },
        ...{ admissionReviewVersions: ['v1'], failurePolicy: 'Ignore', timeoutSeconds: 1 },
        clientConfig: { url: `https://127.0.0.1:${port}/` },
      },
    ],
  });
  try {
    await api.client
      .resource(Secret)
      .namespace('default')
      .create({ metadata: { name: 's' } });
  } finally {
    silent.close();
    await api.client.resource(ValidatingWebhookConfiguration).delete('silent');
  }
  const within = async (name: string) => {
    const lines = await linesOf(`${name}_bucket`);
    const line = lines.find((one) => one.includes('le="0.8"') && one.includes('resource="secrets"'));
    return Number(line?.split(' ').at(-1));
  };
  expect(await within('apiserver_request_duration_seconds')).toBe(0);
  expect(await within('apiserver_request_sli_duration_seconds')).toBe(1);
});

it('evaluations of pods are counted by level, mode and decision', async () => {
  const { client } = api;
  const labels = {
    'pod-security.kubernetes.io/enforce': 'baseline',
    'pod-security.kubernetes.io/warn': 'restricted',
    'pod-security.kubernetes.io/warn-version': 'v1.30',
  };
  await client.resource(Namespace).create({ metadata: { name: 'guarded', labels } });
  const pods = client.resource(Pod).namespace('guarded');
  const containers = [{ name: 'c', image: 'x' }];
  await pods.create({ metadata: { name: 'good' }, spec: { containers } });
  await expect(
    pods.create({ metadata: { name: 'bad' }, spec: { containers, hostNetwork: true } }),
  ).rejects.toThrow('violates PodSecurity');
  const name = 'pod_security_evaluations_total';
  const line = (decision: string, mode: string, level: string, version: string) =>
    `${name}{decision="${decision}",mode="${mode}",policy_level="${level}",policy_version="${version}",request_operation="create",resource="pod",subresource=""} 1`;
  expect(await linesOf(name)).toEqual([
    line('allow', 'enforce', 'baseline', 'latest'),
    line('deny', 'warn', 'restricted', 'v1.30'),
    line('deny', 'enforce', 'baseline', 'latest'),
  ]);
});
