import { ConfigMap } from '@kubewright/api/core/v1';
import type { Client, Clock } from '@kubewright/client';
import { Manager } from '@kubewright/controllers';

/**
 * One replica of a controller that writes into each ConfigMap with the label `counted` how many entries it has. Of all
 * replicas the leader alone writes; the others keep their caches warm, and take over within a second when the leader
 * ends in order, and when its lease has run out when it does not.
 */
export function createReplica(
  client: Client,
  {
    identity,
    signal,
    clock,
  }: { readonly identity: string; readonly signal: AbortSignal; readonly clock: Clock },
): Manager {
  const manager = new Manager(client, {
    signal,
    clock,
    leaderElection: { name: 'counter', namespace: 'default', identity },
  });
  const selected = { namespace: 'default', labelSelector: 'counted' };
  const maps = manager.informer(ConfigMap, selected);
  manager
    .controller(ConfigMap, { ...selected, name: 'counter' })
    .reconcile(async ({ namespace, name }, context) => {
      const map = maps.get(name, namespace);
      if (map === undefined) return undefined;
      const entries = String(Object.keys(map.data ?? {}).length);
      await context.client
        .resource(ConfigMap)
        .namespace(namespace)
        .apply(
          { metadata: { name, annotations: { entries, by: identity } } },
          { fieldManager: 'counter', force: true, signal: context.signal },
        );
      return undefined;
    });
  return manager;
}
