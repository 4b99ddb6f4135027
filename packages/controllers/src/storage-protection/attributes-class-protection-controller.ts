import { volumeAttributesClassesOf } from '@kubewright/api';
import { PersistentVolume, PersistentVolumeClaim } from '@kubewright/api/core/v1';
import { VolumeAttributesClass } from '@kubewright/api/storage/v1';
import type { Client } from '@kubewright/client';
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
      // The caches may be old: only the server knows that nobody has it.
      if (!isUsed && !(await isUsedNow(name, client, signal)))
        await unprotect(client.resource(VolumeAttributesClass), found, finalizer, { signal });
      return undefined;
    });
}

async function isUsedNow(name: string, client: Client, signal: AbortSignal): Promise<boolean> {
  for await (const claim of client.resource(PersistentVolumeClaim).listAll({ signal }))
    if (volumeAttributesClassesOf(claim).includes(name)) return true;
  for await (const volume of client.resource(PersistentVolume).listAll({ signal }))
    if (classesOfVolume(volume).includes(name)) return true;
  return false;
}

function classesOfVolume({ spec }: PersistentVolume): string[] {
  const name = spec?.volumeAttributesClassName ?? '';
  return name === '' ? [] : [name];
}
