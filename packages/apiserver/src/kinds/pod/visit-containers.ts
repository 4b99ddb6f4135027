import type { Container, EphemeralContainer, PodSpec } from '@kubewright/api/core/v1';
import type { FieldPath } from '../../validation/field-error.js';

/** Every container of a pod and where it stands, in upstream's order. */
export function* visitContainers(
  spec: PodSpec,
  field: FieldPath,
): Generator<readonly [Container | EphemeralContainer, FieldPath]> {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    const containers = spec[list] ?? [];
    for (const [index, container] of containers.entries()) yield [container, field.child(list).index(index)];
  }
}
