import { isNotFound, type Kind, type KubernetesObject } from '@kubewright/api';
import {
  MutatingWebhookConfiguration,
  ValidatingWebhookConfiguration,
} from '@kubewright/api/admissionregistration/v1';
import { CustomResourceDefinition } from '@kubewright/api/apiextensions/v1';
import type { Client } from '@kubewright/client';
import { sameValue } from '../same-value.js';
import { retryOnConflict } from '../status.js';

/** By name, the objects that say whom the API server trusts. */
export interface CaConsumers {
  readonly validatingWebhooks?: readonly string[] | undefined;
  readonly mutatingWebhooks?: readonly string[] | undefined;
  /** Definitions whose conversion is a webhook. */
  readonly customResourceDefinitions?: readonly string[] | undefined;
}

interface Call {
  readonly caBundle: string;
  readonly signal: AbortSignal;
}

/** Puts the bundle (PEM) into all webhooks of these objects. One that is not there yet is passed over. @throws ApiError */
export async function injectCaBundle(client: Client, consumers: CaConsumers, call: Call): Promise<void> {
  const caBundle = Buffer.from(call.caBundle).toString('base64');
  const withBundle = <C extends { clientConfig?: object | undefined }>(webhook: C): C => ({
    ...webhook,
    clientConfig: { ...webhook.clientConfig, caBundle },
  });
  for (const name of consumers.validatingWebhooks ?? [])
    await change(client, ValidatingWebhookConfiguration, { name, ...call }, (object) => ({
      ...object,
      webhooks: object.webhooks?.map(withBundle),
    }));
  for (const name of consumers.mutatingWebhooks ?? [])
    await change(client, MutatingWebhookConfiguration, { name, ...call }, (object) => ({
      ...object,
      webhooks: object.webhooks?.map(withBundle),
    }));
  for (const name of consumers.customResourceDefinitions ?? [])
    await change(client, CustomResourceDefinition, { name, ...call }, (object) => {
      const { conversion } = object.spec;
      if (conversion?.webhook === undefined) return object;
      const webhook = withBundle(conversion.webhook);
      return { ...object, spec: { ...object.spec, conversion: { ...conversion, webhook } } };
    });
}

async function change<T extends KubernetesObject>(
  client: Client,
  kind: Kind<T>,
  { name, signal }: Call & { readonly name: string },
  changed: (object: T) => T,
): Promise<void> {
  const change = (object: T) => {
    const after = changed(object);
    return sameValue(object, after) ? undefined : after;
  };
  try {
    await retryOnConflict(client.resource(kind), name, change, { signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
