import {
  MutatingWebhookConfiguration,
  ValidatingWebhookConfiguration,
} from '@kubewright/api/admissionregistration/v1';
import { Deployment } from '@kubewright/api/apps/v1';
import { Manager } from '@kubewright/controllers';
import { startTestServer } from '@kubewright/testing';
import { expect, it, vi } from 'vitest';
import { addPolicyWebhook } from './policy-webhook.js';

const deployment = (image: string): Deployment => ({
  metadata: { name: 'web', namespace: 'default', labels: { owner: 'shop' } },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image, resources: { limits: { memory: '64Mi' } } }] },
    },
  },
});

it('the server asks the webhook, which refuses and changes Deployments', async () => {
  const { client, close } = await startTestServer();
  const stop = new AbortController();
  const manager = new Manager(client, { signal: stop.signal });
  const webhooks = addPolicyWebhook(manager, {
    hosts: ['127.0.0.1'],
    host: '127.0.0.1',
    port: 0,
    inject: { validatingWebhooks: ['policies'], mutatingWebhooks: ['policies'] },
  });
  await manager.start();
  await vi.waitFor(() => expect(webhooks.port).toBeDefined(), { timeout: 15_000 });

  const webhook = (path: string) => ({
    name: 'policies.example.dev',
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    clientConfig: { url: `https://127.0.0.1:${webhooks.port}/${path}`, caBundle: webhooks.caBundle },
    rules: [
      {
        apiGroups: ['apps'],
        apiVersions: ['v1'],
        operations: ['CREATE', 'UPDATE'],
        resources: ['deployments'],
      },
    ],
  });
  const metadata = { name: 'policies' };
  await client
    .resource(ValidatingWebhookConfiguration)
    .create({ metadata, webhooks: [webhook('validate-apps-v1-deployment')] });
  await client
    .resource(MutatingWebhookConfiguration)
    .create({ metadata, webhooks: [webhook('mutate-apps-v1-deployment')] });

  const deployments = client.resource(Deployment);
  await vi.waitFor(
    async () => {
      const foreign = deployments.create(deployment('docker.io/web'), { dryRun: true });
      await expect(foreign).rejects.toThrow('images come from registry.example.com only');
    },
    { timeout: 15_000 },
  );
  const made = await deployments.create(deployment('registry.example.com/web'));
  expect(made.metadata.annotations).toEqual({ 'example.dev/last-changed-by': 'admin' });

  stop.abort();
  await manager.done;
  await close();
});
