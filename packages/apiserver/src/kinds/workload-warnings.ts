import type { KubernetesObject } from '@kubewright/api';
import type { PodTemplateSpec } from '@kubewright/api/core/v1';
import type { FieldPath } from '../validation/field-error.js';
import { podTemplateWarnings } from './pod/pod-warnings.js';
import { podNameWarnings } from './warnings.js';

/** Warnings for a workload whose template is new: that of a new object, or of one whose wishes changed. */
export function templateWarnings(
  { metadata }: KubernetesObject,
  old: KubernetesObject | undefined,
  template: PodTemplateSpec | undefined,
  field: FieldPath,
  options: { readonly named: boolean } = { named: true },
): string[] {
  if (old !== undefined && old.metadata.generation === metadata.generation) return [];
  return [
    ...(old === undefined && options.named ? podNameWarnings(metadata.name ?? '') : []),
    ...podTemplateWarnings(template, field),
  ];
}
