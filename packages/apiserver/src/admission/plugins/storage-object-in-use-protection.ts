import type { Kind, KubernetesObject } from '@kubewright/api';
import { PersistentVolume, PersistentVolumeClaim } from '@kubewright/api/core/v1';
import { VolumeAttributesClass } from '@kubewright/api/storage/v1';
import type { AdmissionPlugin, AdmissionTarget } from '../admission-plugin.js';
import { handlesKind } from '../handles-kind.js';

interface Protection {
  readonly handles: (target: AdmissionTarget) => boolean;
  readonly plural: string;
  readonly finalizer: string;
}

const protect = <T extends KubernetesObject>(kind: Kind<T>, finalizer: string): Protection => ({
  handles: handlesKind(kind, ['CREATE']),
  plural: kind.plural,
  finalizer,
});
const protections: readonly Protection[] = [
  protect(PersistentVolumeClaim, 'kubernetes.io/pvc-protection'),
  protect(PersistentVolume, 'kubernetes.io/pv-protection'),
  protect(VolumeAttributesClass, 'kubernetes.io/vac-protection'),
];

/** What is in use is not removed: a controller takes the finalizer off when nobody uses it. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  handles: (target) => protections.some(({ handles }) => handles(target)),

  admit({ object, resource }) {
    const found = protections.find(({ plural }) => plural === resource.rules.kind.plural);
    if (object === undefined || found === undefined) return;
    const { finalizers = [] } = object.metadata;
    if (!finalizers.includes(found.finalizer)) object.metadata.finalizers = [...finalizers, found.finalizer];
  },
};
