import { isDeepStrictEqual } from 'node:util';
import {
  addResources,
  compareQuantities,
  formatQuantity,
  isCountedByQuota,
  type Kind,
  type KubernetesObject,
  matchesQuotaScopes,
  type ParsedQuantity,
  parseQuantity,
  quotaConcerns,
  quotaUsage,
} from '@kubewright/api';
import { PersistentVolumeClaim, Pod, ResourceQuota, Service } from '@kubewright/api/core/v1';
import { ResourceClaim } from '@kubewright/api/resource/v1';
import type { Informer } from '@kubewright/client';
import type { Manager } from '../framework/manager.js';
import { keyOf } from '../framework/object-name.js';
import { isPodTerminal } from '../pods/pod-state.js';

/** Objects of these use more than their number. */
const measured: readonly Kind[] = [Pod, Service, PersistentVolumeClaim, ResourceClaim].map(
  (kind) => kind as unknown as Kind,
);

/** A charge is in the quota a moment before its object is in the store: usage falls only when no charge is so young. */
const settleMs = 1000;

/** What was charged for and never stored is given back in this time. */
const resyncMs = 5 * 60_000;

/**
 * Writes into the status of each ResourceQuota what its namespace may use and does use. Admission raises the usage when
 * objects are made; here it falls when they go.
 */
export function addResourceQuotaController(manager: Manager): void {
  const name = 'resourcequota-controller';
  const quotas = manager.informer(ResourceQuota);
  const full = measured.map((kind) => ({ kind, informer: manager.informer(kind) }));
  const counted = new Map<string, Informer<KubernetesObject>>();
  const seen = new Map<string, { readonly resourceVersion: string | undefined; readonly at: number }>();
  let ending: AbortSignal | undefined;
  const quotasOf = ({ metadata }: KubernetesObject) =>
    quotas
      .list()
      .filter((quota) => quota.metadata.namespace === metadata.namespace)
      .map((quota) => ({ namespace: quota.metadata.namespace, name: quota.metadata.name ?? '' }));
  const controller = manager
    .controller(ResourceQuota, { name })
    .watches(Pod, quotasOf, {
      predicates: [({ type, object }) => type !== 'modified' || isPodTerminal(object)],
    })
    .watches(Service, quotasOf)
    .watches(PersistentVolumeClaim, quotasOf)
    .watches(ResourceClaim, quotasOf)
    .reconcile(async (key, { client, clock, signal }) => {
      const quota = quotas.get(key.name, key.namespace);
      const id = `${key.namespace ?? ''}/${key.name}`;
      if (quota === undefined || quota.metadata.deletionTimestamp !== undefined) {
        seen.delete(id);
        return undefined;
      }
      const { resourceVersion } = quota.metadata;
      if (seen.get(id)?.resourceVersion !== resourceVersion)
        seen.set(id, { resourceVersion, at: clock.now() });
      const { hard = {} } = quota.spec ?? {};
      const names = Object.keys(hard);
      const used: Record<string, ParsedQuantity> = {};
      const isMine = ({ metadata }: KubernetesObject) => metadata.namespace === key.namespace;
      const count = (kind: Kind, objects: readonly KubernetesObject[]) => {
        for (const object of objects)
          if (isMine(object) && matchesQuotaScopes(quota, kind.plural, object))
            addResources(used, quotaUsage(kind, object, clock.now()));
      };
      for (const { kind, informer } of full)
        if (names.some((one) => quotaConcerns(kind, one))) count(kind, informer.list());
      const others = names.filter((one) => !measured.some((kind) => quotaConcerns(kind, one)));
      if (others.length > 0) {
        const kinds = (await client.discovery.kinds({ signal })).filter(isCountable);
        for (const kind of kinds.filter((one) => others.some((other) => quotaConcerns(one, other)))) {
          const informer = watchOf(kind);
          // It wakes this quota when it has the objects.
          if (!informer.hasSynced) return { requeueAfterMs: 100 };
          count(kind, informer.list());
        }
      }
      const zero = parseQuantity(0);
      const status = {
        hard,
        used: Object.fromEntries(names.map((one) => [one, formatQuantity(used[one] ?? zero)])),
      };
      if (isDeepStrictEqual(quota.status, status)) return { requeueAfterMs: resyncMs };
      const age = clock.now() - (seen.get(id)?.at ?? 0);
      if (age < settleMs && falls(quota, status.used)) return { requeueAfterMs: settleMs - age };
      // As of this very quota: where admission has charged it meanwhile, it is counted again.
      await client
        .resource(ResourceQuota)
        .namespace(key.namespace ?? '')
        .status.replace({ ...quota, status }, { signal });
      return { requeueAfterMs: resyncMs };
    });

  manager.add((signal) => {
    ending = signal;
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  });

  /** The objects of a kind that is only counted, watched from when a quota first counts them. */
  function watchOf(kind: Kind): Informer<KubernetesObject> {
    const id = `${kind.group}/${kind.plural}`;
    let informer = counted.get(id);
    if (informer === undefined) {
      informer = manager.client.informer(kind, { metadataOnly: !manager.watchesAll(kind) });
      const wake = (object: KubernetesObject) => {
        for (const one of quotasOf(object)) controller.enqueue(keyOf(one));
      };
      informer.on({ add: wake, delete: wake });
      informer.start(ending);
      counted.set(id, informer);
    }
    return informer;
  }
}

function falls({ status }: ResourceQuota, used: Readonly<Record<string, string>>): boolean {
  return Object.entries(status?.used ?? {}).some(
    ([name, before]) => used[name] !== undefined && compareQuantities(used[name], before) < 0,
  );
}

function isCountable(kind: Kind): boolean {
  return (
    kind.scope === 'Namespaced' &&
    kind.verbs.includes('list') &&
    kind.verbs.includes('watch') &&
    isCountedByQuota(kind)
  );
}
