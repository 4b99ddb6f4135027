import { setCondition } from '@kubewright/api';
import type { PodCondition } from '@kubewright/api/core/v1';

/** The conditions of a pod with this one, which the server itself sets. Go writes the probe that never was as null. */
export function withPodCondition(
  conditions: readonly PodCondition[],
  condition: PodCondition,
  now: number,
): PodCondition[] {
  return [...setCondition(conditions, Object.assign({}, condition, { lastProbeTime: null }), now)];
}
