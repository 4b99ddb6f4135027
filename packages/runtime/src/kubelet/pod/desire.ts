import type { Pod } from '@kubewright/api/core/v1';
import { ownConditions } from './conditions.js';
import { isTerminal } from './status.js';

/** All of a pod that is not written by its kubelet: what is wanted of it, and conditions that others set. */
export function desireOf(pod: Pod): string {
  const { resourceVersion, managedFields, ...metadata } = pod.metadata;
  const others = pod.status?.conditions?.filter(({ type }) => !ownConditions.has(type));
  return JSON.stringify([metadata, pod.spec, others, isTerminal(pod.status?.phase)]);
}
