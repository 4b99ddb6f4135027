import { answeredWithin } from '../storage/answered-within.js';
import type { Storage } from '../storage/storage.js';
import type { HealthCheck } from './health-check.js';

/** Upstream's `--etcd-healthcheck-timeout`. */
const timeoutMs = 2_000;

/** Asks the store for its revision. The name and the words are upstream's, whatever the engine. */
export function storeCheck(name: string, storage: Storage): HealthCheck {
  return {
    name,
    check: async () => {
      try {
        if ((await answeredWithin(timeoutMs, storage.revision())) === undefined)
          throw new Error('context deadline exceeded');
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`error getting data from etcd: ${why}`, { cause });
      }
    },
  };
}
