import { PersistentVolumeClaim } from '@kubewright/api/core/v1';
import { StorageClass } from '@kubewright/api/storage/v1';
import { classAnnotation } from '../../kinds/storage-class-annotation.js';
import type { AdmissionPlugin } from '../admission-plugin.js';
import { defaultClass } from '../default-class.js';
import { handlesKind } from '../handles-kind.js';

const marks = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

/** A claim that names no class gets the default one, if there is one. An empty name is a name. */
export const defaultStorageClass: AdmissionPlugin<PersistentVolumeClaim> = {
  name: 'DefaultStorageClass',
  handles: handlesKind(PersistentVolumeClaim, ['CREATE']),

  admit({ object, context }) {
    if (object?.spec === undefined || object.spec.storageClassName !== undefined) return;
    if (object.metadata.annotations?.[classAnnotation] !== undefined) return;
    const name = defaultClass(context.objects.lister(StorageClass).list(), marks)?.metadata.name;
    if (name !== undefined) object.spec.storageClassName = name;
  },
};
