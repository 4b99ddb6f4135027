import { volumeAttributesClassesOf } from '@kubewright/api';
import { PersistentVolume, PersistentVolumeClaim } from '@kubewright/api/core/v1';
import { VolumeAttributesClass } from '@kubewright/api/storage/v1';
import { hasFinalizer } from '../framework/finalizer.js';
import type { Manager } from '../framework/manager.js';
import { unprotect } from './unprotect.js';

/** The StorageObjectInUseProtection admission puts it on every class. */
const finalizer = 'kubernetes.io/vac-protection';

/** A deleted VolumeAttributesClass goes when no claim and no volume has it, or is on its way to it. */
export function addAttributesClassProtectionController(manager: Manager): void {
  const classes = manager.informer(VolumeAttributesClass);
  const claims = manager.informer(PersistentVolumeClaim);
  const volumes = manager.informer(PersistentVolume);
  const named = (names: readonly string[]) => names.map((name) => ({ name }));
  manager
    .controller(VolumeAttributesClass, { name: 'volumeattributesclass-protection-controller' })
    .watches(PersistentVolumeClaim, (claim) => named(volumeAttributesClassesOf(claim)))
    .watches(PersistentVolume, (volume) => named(classesOfVolume(volume)))
    .reconcile(async ({ name }, { client, signal }) => {
      const found = classes.get(name);
      if (found?.metadata.deletionTimestamp === undefined || !hasFinalizer(found, finalizer))
        return undefined;
      const isUsed =
        claims.list().some((claim) => volumeAttributesClassesOf(claim).includes(name)) ||
        volumes.list().some((volume) => classesOfVolume(volume).includes(name));
      if (!isUsed) await unprotect(client.resource(VolumeAttributesClass), found, finalizer, { signal });
      return undefined;
    });
}

function classesOfVolume({ spec }: PersistentVolume): string[] {
  const name = spec?.volumeAttributesClassName ?? '';
  return name === '' ? [] : [name];
}
