import { isNotFound } from '@kubewright/api';
import { ConfigMap, Pod, Secret, ServiceAccount } from '@kubewright/api/core/v1';
import type { Manager } from '../framework/manager.js';

const dayMs = 24 * 60 * 60 * 1000;
/** Unused for so long a token is marked, and as long after that it goes. Source: `--legacy-service-account-token-clean-up-period`. */
const periodMs = 365 * dayMs;
const tracking = { namespace: 'kube-system', name: 'kube-apiserver-legacy-service-account-token-tracking' };
const lastUsed = 'kubernetes.io/legacy-token-last-used';
const invalidSince = 'kubernetes.io/legacy-token-invalid-since';
const accountAnnotation = 'kubernetes.io/service-account.name';

/**
 * Marks tokens that Kubernetes made in former versions and nobody uses, and deletes them a year later. Tokens that
 * somebody asked for are let alone: no account names their Secrets. Source: KEP-2799.
 */
export function addLegacyTokenCleaner(manager: Manager): void {
  const fieldSelector = 'type=kubernetes.io/service-account-token';
  const secrets = manager.informer(Secret, { fieldSelector });
  const accounts = manager.informer(ServiceAccount);
  const pods = manager.informer(Pod);
  manager
    .controller(Secret, { name: 'legacy-serviceaccount-token-cleaner-controller', fieldSelector })
    .reconcile(async ({ name, namespace }, { client, clock, signal }) => {
      const secret = secrets.get(name, namespace);
      if (secret === undefined) return undefined;
      const account = accounts.get(secret.metadata.annotations?.[accountAnnotation] ?? '', namespace);
      const isAutomatic = (account?.secrets ?? []).some((ref) => ref.name === name);
      const isMounted = pods.list().some((pod) => pod.metadata.namespace === namespace && mounts(pod, name));
      if (!isAutomatic || isMounted) return { requeueAfterMs: dayMs };
      const map = await client
        .resource(ConfigMap)
        .namespace(tracking.namespace)
        .get(tracking.name, { signal });
      const today = new Date(clock.now()).toISOString().slice(0, 10);
      const step = nextStep(secret, { since: map.data?.since ?? today, now: clock.now() });
      const { uid, resourceVersion } = secret.metadata;
      const resource = client.resource(Secret).namespace(namespace);
      try {
        if (step === 'delete') {
          const preconditions = {
            ...(uid === undefined ? {} : { uid }),
            ...(resourceVersion === undefined ? {} : { resourceVersion }),
          };
          await resource.delete(name, { signal, preconditions });
          return undefined;
        }
        if (step === 'mark')
          await resource.patchMerge(
            name,
            { metadata: { resourceVersion, labels: { [invalidSince]: today } } },
            { signal },
          );
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      return { requeueAfterMs: dayMs };
    });
}

/** What becomes of a token in a Secret; undefined where it stays as it is. Days are as labels have them. */
export function nextStep(
  { metadata }: Secret,
  { since, now }: { readonly since: string; readonly now: number },
): 'mark' | 'delete' | undefined {
  const { labels = {}, creationTimestamp = '' } = metadata;
  const isLongAgo = (day: string) => now - Date.parse(day) > periodMs;
  if (!isLongAgo(since) || !isLongAgo(creationTimestamp)) return undefined;
  const { [lastUsed]: used, [invalidSince]: invalid } = labels;
  // Also one that is marked: whoever still has it may take the mark away.
  if (used !== undefined && !isLongAgo(used)) return undefined;
  if (invalid === undefined || Number.isNaN(Date.parse(invalid))) return 'mark';
  return isLongAgo(invalid) ? 'delete' : undefined;
}

function mounts({ spec }: Pod, name: string): boolean {
  return (spec?.volumes ?? []).some(({ secret }) => secret?.secretName === name);
}
