/** Asks the built webhook plugins about a pod, and gives the microseconds of processor time that one create pays. */

import { ValidatingWebhookConfiguration } from '@kubewright/api/admissionregistration/v1';
import { Pod } from '@kubewright/api/core/v1';
import { ApiServer, MemoryStorage } from '@kubewright/apiserver';
import { pino } from 'pino';
import { AdmissionRequest } from '../packages/apiserver/dist/admission/admission-request.js';

const batch = 1_000;

process.once('disconnect', () => process.exit(0));
process.on('message', async ({ json, durationMs }) => {
  const server = await ApiServer.start({ storage: new MemoryStorage(), logger: pino({ level: 'silent' }) });
  for (let i = 0; i < 100; i++) await server.objects.create(ValidatingWebhookConfiguration, aboutApps(i));
  const plugins = server.admission.plugins.filter(({ name }) => name.endsWith('Webhook'));
  const served = server.resources.of(Pod);
  const context = {
    ...server.contextFor({ name: 'bench', groups: [] }, false),
    request: {
      served,
      options: {},
      signal: new AbortController().signal,
      warn: () => undefined,
      annotate: () => undefined,
    },
  };
  const object = JSON.parse(json);
  const { name, namespace } = object.metadata;
  const of = { operation: 'CREATE', resource: served.resource, subresource: '', name, namespace };
  let spent = 0;
  let count = 0;
  while (spent < durationMs * 1_000) {
    const start = process.cpuUsage();
    for (let i = 0; i < batch; i++) {
      const request = new AdmissionRequest({ ...of, object, context });
      for (const plugin of plugins) {
        // As a write does: it waits where there is something to wait for.
        const admitted = plugin.admit?.(request);
        if (admitted !== undefined) await admitted;
        const validated = plugin.validate?.(request);
        if (validated !== undefined) await validated;
      }
    }
    spent += process.cpuUsage(start).user;
    count += batch;
  }
  await server.close(0);
  process.send(spent / count);
});

function aboutApps(index) {
  const name = `webhook-${index}`;
  return {
    metadata: { name },
    webhooks: [
      {
        name: `${name}.example.org`,
        rules: [{ operations: ['*'], apiGroups: ['apps'], apiVersions: ['*'], resources: ['*'] }],
        clientConfig: { url: 'https://127.0.0.1/' },
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
      },
    ],
  };
}
