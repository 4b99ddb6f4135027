import { isNotFound } from '@kubewright/api';
import { Secret } from '@kubewright/api/core/v1';
import type { Manager } from '../framework/manager.js';
import { bootstrapNamespace, bootstrapSelector, expiresAt } from './bootstrap-token.js';

/** Deletes bootstrap tokens that have expired. */
export function addTokenCleaner(manager: Manager): void {
  const options = { namespace: bootstrapNamespace, fieldSelector: bootstrapSelector };
  const secrets = manager.informer(Secret, options);
  manager
    .controller(Secret, { name: 'token-cleaner-controller', ...options })
    .reconcile(async ({ name, namespace }, { client, clock, signal }) => {
      const secret = secrets.get(name, namespace);
      if (secret === undefined) return undefined;
      const waitMs = expiresAt(secret) - clock.now();
      if (waitMs > 0) return Number.isFinite(waitMs) ? { requeueAfterMs: waitMs } : undefined;
      const { uid } = secret.metadata;
      try {
        await client
          .resource(Secret)
          .namespace(namespace)
          .delete(name, { signal, ...(uid === undefined ? {} : { preconditions: { uid } }) });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      return undefined;
    });
}
