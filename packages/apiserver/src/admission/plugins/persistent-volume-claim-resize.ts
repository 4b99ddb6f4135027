import { compareQuantities } from '@kubewright/api';
import { PersistentVolumeClaim } from '@kubewright/api/core/v1';
import { StorageClass } from '@kubewright/api/storage/v1';
import { classAnnotation } from '../../kinds/storage-class-annotation.js';
import type { AdmissionPlugin } from '../admission-plugin.js';
import { handlesKind } from '../handles-kind.js';
import { refusal } from '../refusal.js';

/** A claim grows only where its class allows it. */
export const persistentVolumeClaimResize: AdmissionPlugin<PersistentVolumeClaim> = {
  name: 'PersistentVolumeClaimResize',
  handles: handlesKind(PersistentVolumeClaim, ['UPDATE']),

  validate(request) {
    const { object, oldObject, context } = request;
    if (object === undefined || oldObject === undefined) return;
    if (compareQuantities(storageOf(object), storageOf(oldObject)) <= 0) return;
    const name = classOf(object);
    const isSame = name !== '' && name === classOf(oldObject);
    const found = isSame ? context.objects.lister(StorageClass).get('', name) : undefined;
    if (found?.allowVolumeExpansion !== true)
      throw refusal(
        request,
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      );
  },
};

function storageOf({ spec }: PersistentVolumeClaim): string | number {
  return spec?.resources?.requests?.storage ?? '0';
}

function classOf({ metadata, spec }: PersistentVolumeClaim): string {
  return metadata.annotations?.[classAnnotation] ?? spec?.storageClassName ?? '';
}
