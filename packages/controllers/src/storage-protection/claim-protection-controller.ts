import { PersistentVolumeClaim, Pod } from '@kubewright/api/core/v1';
import { hasFinalizer } from '../framework/finalizer.js';
import type { Manager } from '../framework/manager.js';
import { isPodTerminal } from '../pods/pod-state.js';
import { unprotect } from './unprotect.js';

/** The StorageObjectInUseProtection admission puts it on every claim. */
const finalizer = 'kubernetes.io/pvc-protection';

/** A deleted claim goes when no pod on a node uses it any more. */
export function addClaimProtectionController(manager: Manager): void {
  const claims = manager.informer(PersistentVolumeClaim);
  manager
    .controller(PersistentVolumeClaim, { name: 'persistentvolumeclaim-protection-controller' })
    .watches(Pod, (pod) => claimsOf(pod).map((name) => ({ namespace: pod.metadata.namespace, name })))
    .reconcile(async ({ name, namespace }, { client, signal }) => {
      const claim = claims.get(name, namespace);
      if (claim?.metadata.deletionTimestamp === undefined || !hasFinalizer(claim, finalizer))
        return undefined;
      // The cache of pods may be old, and what is lost here is somebody's data: the server is asked.
      for await (const pod of client
        .resource(Pod)
        .namespace(namespace ?? '')
        .listAll({ signal }))
        if (isUser(pod) && claimsOf(pod).includes(name)) return undefined;
      await unprotect(client.resource(PersistentVolumeClaim), claim, finalizer, { signal });
      return undefined;
    });
}

/** A pod without a node has nothing mounted yet, and one that ended nothing any more. */
function isUser(pod: Pod): boolean {
  return (pod.spec?.nodeName ?? '') !== '' && !isPodTerminal(pod);
}

function claimsOf({ metadata, spec }: Pod): string[] {
  return (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim !== undefined) return [persistentVolumeClaim.claimName];
    return ephemeral === undefined ? [] : [`${metadata.name ?? ''}-${name}`];
  });
}
