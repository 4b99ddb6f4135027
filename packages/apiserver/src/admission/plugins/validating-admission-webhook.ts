import type { ValidatingWebhookConfiguration } from '@kubewright/api/admissionregistration/v1';
import type { Lister } from '../../registry/lister.js';
import type { AdmissionPlugin } from '../admission-plugin.js';
import type { AdmissionRequest } from '../admission-request.js';
import { isSelected } from '../matching/selectors.js';
import { callWebhook, type WebhookCaller } from '../webhooks/call-webhook.js';
import { conditionsHold } from '../webhooks/webhook-conditions.js';
import { WebhookIndex, type WebhookMatch } from '../webhooks/webhook-index.js';
import { inVersion } from '../webhooks/webhook-objects.js';

/** Asks the webhooks of ValidatingWebhookConfigurations, all at once; one refusal is enough. */
export function validatingAdmissionWebhook(
  lister: Lister<ValidatingWebhookConfiguration>,
  caller: WebhookCaller,
): AdmissionPlugin {
  const index = new WebhookIndex(lister);
  return {
    name: 'ValidatingAdmissionWebhook',
    validate(request) {
      // What the server writes on its own waits for nobody.
      if (request.context.request === undefined) return undefined;
      const matches = index.matching(request);
      return matches.length === 0 ? undefined : askAll(caller, request, matches);
    },
  };
}

async function askAll(
  caller: WebhookCaller,
  request: AdmissionRequest,
  matches: readonly WebhookMatch[],
): Promise<void> {
  const concerned: WebhookMatch[] = [];
  for (const match of matches) {
    const { registered, served } = match;
    const counted = { metrics: caller.metrics, type: 'validate' } as const;
    if (
      isSelected(registered.selectors, request) &&
      (await conditionsHold(registered, request, served, counted))
    )
      // Audit annotations count those that are asked.
      concerned.push({ ...match, index: concerned.length });
  }
  const start = performance.now();
  const outcomes = await Promise.allSettled(
    concerned.map((match) => {
      const { served } = match;
      const objects = {
        object: inVersion(request, request.object, served),
        oldObject: inVersion(request, request.oldObject, served),
      };
      return callWebhook(caller, request, match, objects, 'validating');
    }),
  );
  request.context.request?.waited(performance.now() - start);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
