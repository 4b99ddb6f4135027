import { Deployment } from '@kubewright/api/apps/v1';
import { type Manager, refusal, WebhookServer, type WebhookServerOptions } from '@kubewright/controllers';
import { policies } from './policies.js';

/** Adds a server of webhooks that holds Deployments to the policies, and gives those without one a team's label. */
export function addPolicyWebhook(manager: Manager, options: WebhookServerOptions): WebhookServer {
  const webhooks = new WebhookServer(manager, options);
  webhooks.validating(Deployment, ({ object, operation }) => {
    if (object === undefined) return undefined;
    const faults = policies.flatMap((policy) => policy(object) ?? []);
    // What was there before the policies is only warned of, so that it can still be scaled and mended.
    if (operation === 'CREATE' && faults.length > 0) throw refusal(faults.join('; '));
    return { warnings: faults };
  });
  webhooks.mutating(Deployment, (deployment, { userInfo }) => {
    deployment.metadata.annotations = {
      ...deployment.metadata.annotations,
      'example.dev/last-changed-by': userInfo.username ?? '',
    };
    return deployment;
  });
  return webhooks;
}
