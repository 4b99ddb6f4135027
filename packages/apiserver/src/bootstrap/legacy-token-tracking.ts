import { isAlreadyExists } from '@kubewright/api';
import { ConfigMap } from '@kubewright/api/core/v1';
import type { ObjectStore } from '../registry/write-context.js';

/** Where it is said since when the use of tokens in Secrets is noted. Source: KEP-2799. */
const tracking = { namespace: 'kube-system', name: 'kube-apiserver-legacy-service-account-token-tracking' };

/** Says since when, so that nobody takes a token for unused that was used before. */
export async function trackLegacyTokens(objects: ObjectStore, now: number): Promise<void> {
  if ((await objects.get(ConfigMap, tracking.namespace, tracking.name)) !== undefined) return;
  try {
    const since = new Date(now).toISOString().slice(0, 10);
    await objects.create(ConfigMap, { metadata: { ...tracking }, data: { since } });
  } catch (error) {
    // Another server of the same store was quicker.
    if (!isAlreadyExists(error)) throw error;
  }
}
