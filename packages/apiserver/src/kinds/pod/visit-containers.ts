import type { Container, EphemeralContainer, PodSpec } from '@kubewright/api/core/v1';
import type { FieldPath } from '../../validation/field-error.js';

/** Every container of a pod and where it stands, in upstream's order. */
export function visitContainers(
  spec: PodSpec,
  field: FieldPath,
): (readonly [Container | EphemeralContainer, FieldPath])[] {
  // Asked for several times a write, so a plain loop rather than a generator.
  const visited: (readonly [Container | EphemeralContainer, FieldPath])[] = [];
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    const containers = spec[list] ?? [];
    const at = field.child(list);
    for (let i = 0; i < containers.length; i++) {
      const container = containers[i];
      if (container !== undefined) visited.push([container, at.index(i)]);
    }
  }
  return visited;
}
