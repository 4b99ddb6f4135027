/** Evaluates expressions over parsed objects, and gives the nanoseconds of processor time that one takes. */
import {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../packages/api/dist/generated/admissionregistration/v1.js';
import { Deployment } from '../packages/api/dist/generated/apps/v1.js';
import { validatingAdmissionPolicy } from '../packages/apiserver/dist/admission/plugins/validating-admission-policy.js';
import {
  compile,
  declareType,
  extendEnvironment,
  kubernetesEnvironment,
} from '../packages/apiserver/dist/cel/index.js';
import { startTestServer } from '../packages/testing/dist/index.js';

process.once('disconnect', () => process.exit(0));
process.on('message', async ({ what, durationMs }) => {
  const { once, stop } = await (what === 'rule' ? rule() : policy());
  let spent = 0;
  let count = 0;
  while (spent < durationMs * 1_000) {
    const start = process.cpuUsage();
    for (let at = 0; at < 200; at++) once();
    spent += process.cpuUsage(start).user;
    count += 200;
  }
  await stop();
  process.send((spent * 1_000) / count);
});

async function rule() {
  const integer = { type: 'integer' };
  const self = declareType({
    root: { type: 'object', properties: { replicas: integer, maxReplicas: integer } },
  });
  const program = compile(
    'self.replicas <= self.maxReplicas',
    extendEnvironment(kubernetesEnvironment, { variables: { self } }),
  );
  const object = { replicas: 3, maxReplicas: 5 };
  return {
    once() {
      if (program.evaluate({ self: object }).value !== true) throw new Error('the rule holds');
    },
    stop: async () => undefined,
  };
}

const validations = [
  { expression: 'object.spec.replicas <= 5' },
  { expression: "object.spec.template.spec.containers.all(c, c.image.startsWith('registry.example.com/'))" },
  { expression: "request.operation == 'CREATE' || object.metadata.name == oldObject.metadata.name" },
];

/** The plugin itself, asked again and again about one request. */
async function policy() {
  let asked;
  const api = await startTestServer({
    admission: [
      {
        name: 'Recorder',
        validate(request) {
          asked = request;
        },
      },
    ],
  });
  await api.client.resource(ValidatingAdmissionPolicyBinding).create({
    metadata: { name: 'b' },
    spec: { policyName: 'p', validationActions: ['Deny'] },
  });
  await api.client.resource(ValidatingAdmissionPolicy).create({
    metadata: { name: 'p' },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] },
        ],
      },
      validations,
    },
  });
  const labels = { app: 'web' };
  const containers = [{ name: 'c', image: 'registry.example.com/web:1' }];
  await api.client
    .resource(Deployment)
    .namespace('default')
    .create({
      metadata: { name: 'web' },
      spec: {
        replicas: 3,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
      },
    });
  const { objects } = asked.context;
  const plugin = validatingAdmissionPolicy(
    {
      policies: objects.lister(ValidatingAdmissionPolicy),
      bindings: objects.lister(ValidatingAdmissionPolicyBinding),
    },
    { objects, served: () => undefined },
    api.server.metrics,
  );
  return { once: () => plugin.validate(asked), stop: () => api.close() };
}
