import { PersistentVolume } from '@kubewright/api/core/v1';
import { hasFinalizer } from '../framework/finalizer.js';
import type { Manager } from '../framework/manager.js';
import { unprotect } from './unprotect.js';

/** The StorageObjectInUseProtection admission puts it on every volume. */
const finalizer = 'kubernetes.io/pv-protection';

/** A deleted volume goes when it is bound to no claim any more. */
export function addVolumeProtectionController(manager: Manager): void {
  const volumes = manager.informer(PersistentVolume);
  manager
    .controller(PersistentVolume, { name: 'persistentvolume-protection-controller' })
    .reconcile(async ({ name }, { client, signal }) => {
      const volume = volumes.get(name);
      if (volume?.metadata.deletionTimestamp === undefined || !hasFinalizer(volume, finalizer))
        return undefined;
      if (volume.status?.phase !== 'Bound')
        await unprotect(client.resource(PersistentVolume), volume, finalizer, { signal });
      return undefined;
    });
}
