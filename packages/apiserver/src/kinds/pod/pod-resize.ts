import type { Pod, PodSpec } from '@kubewright/api/core/v1';
import { forbiddenField, path } from '../../validation/field-error.js';
import type { SubresourceRules } from '../kind-rules.js';
import { keepMetadata } from './keep-metadata.js';
import { containerLists, validateResize } from './pod-resize-validation.js';
import { validatePod } from './pod-validation.js';

const mirror = 'kubernetes.io/config.mirror';

/** CPU and memory of a running pod change in place. Source: KEP-1287, `ValidatePodResize` of core. */
export const podResize: SubresourceRules<Pod> = {
  prepareForUpdate(pod, old) {
    const before = old.spec ?? { containers: [] };
    const wanted = pod.spec ?? { containers: [] };
    // With more or fewer containers the pod stays as it is, for validation to refuse.
    if (containerLists.some((list) => wanted[list]?.length !== before[list]?.length)) return;
    const { resources: _, ...kept } = before;
    pod.spec = {
      ...kept,
      containers: withResources(wanted.containers, before.containers),
      ...(wanted.initContainers === undefined
        ? {}
        : { initContainers: withResources(wanted.initContainers, before.initContainers ?? []) }),
      ...(wanted.resources === undefined ? {} : { resources: wanted.resources }),
    };
    pod.status = old.status;
    keepMetadata(pod, old);
  },
  validateUpdate(pod, old) {
    if (old.metadata.annotations?.[mirror] !== undefined)
      return [forbiddenField(path(''), 'static pods cannot be resized')];
    if (old.spec?.os?.name === 'windows') return [forbiddenField(path(''), 'windows pods cannot be resized')];
    return [...validatePod(pod), ...validateResize(pod, old)];
  },
};

type Containers = PodSpec['containers'];

/** Of the wanted containers only resources count; under other names they stay, for validation to refuse. */
function withResources(wanted: Containers, before: Containers): Containers {
  if (wanted.some(({ name }, index) => name !== before[index]?.name)) return wanted;
  return before.map((own, index) => {
    const { resources: _, resizePolicy: __, ...kept } = own;
    const { resources, resizePolicy } = wanted[index] ?? own;
    return {
      ...kept,
      ...(resources === undefined ? {} : { resources }),
      ...(resizePolicy === undefined ? {} : { resizePolicy }),
    };
  });
}
