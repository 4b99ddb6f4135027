import { PersistentVolume, PersistentVolumeClaim } from '@kubewright/api/core/v1';
import type { AdmissionPlugin } from '../admission-plugin.js';
import { handlesKind } from '../handles-kind.js';

const claimFinalizer = 'kubernetes.io/pvc-protection';
const volumeFinalizer = 'kubernetes.io/pv-protection';
const isClaim = handlesKind(PersistentVolumeClaim, ['CREATE']);
const isVolume = handlesKind(PersistentVolume, ['CREATE']);

/** Claims and volumes in use are not removed: a controller takes the finalizer off when nobody uses them. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  handles: (target) => isClaim(target) || isVolume(target),

  admit({ object, resource }) {
    if (object === undefined) return;
    const finalizer =
      resource.rules.kind.plural === PersistentVolume.plural ? volumeFinalizer : claimFinalizer;
    const { finalizers = [] } = object.metadata;
    if (!finalizers.includes(finalizer)) object.metadata.finalizers = [...finalizers, finalizer];
  },
};
