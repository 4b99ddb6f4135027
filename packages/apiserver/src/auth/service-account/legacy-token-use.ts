import { isConflict, isNotFound } from '@kubewright/api';
import { Secret } from '@kubewright/api/core/v1';
import type { ObjectStore } from '../../registry/write-context.js';

/** Labels of a Secret with a token: when it was used the last time, and since when it is not taken any more. */
export const lastUsed = 'kubernetes.io/legacy-token-last-used';
export const invalidSince = 'kubernetes.io/legacy-token-invalid-since';

/** Writes the day of its last use onto a Secret, once a day. Source: KEP-2799. */
export async function noteLastUse(objects: ObjectStore, secret: Secret, now: number): Promise<void> {
  const today = new Date(now).toISOString().slice(0, 10);
  const { labels, namespace = '', name = '' } = secret.metadata;
  if (labels?.[lastUsed] === today) return;
  try {
    await objects.change(Secret, namespace, name, (current) => ({
      ...current,
      metadata: { ...current.metadata, labels: { ...current.metadata.labels, [lastUsed]: today } },
    }));
  } catch (error) {
    // Another request notes the same, or the Secret is gone.
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
}
