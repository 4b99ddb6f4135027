import { compareQuantities } from '@kubewright/api';
import type { PodSpec, ResourceRequirements } from '@kubewright/api/core/v1';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const counted = ['cpu', 'memory'] as const;

/**
 * How the node treats a pod when resources run short. Guaranteed: each container (or the pod as a whole) has equal
 * requests and limits of cpu and memory; BestEffort: none has any. Source: "Pod Quality of Service Classes".
 */
export function qosClassOf(spec: PodSpec): QosClass {
  const whole = spec.resources;
  const parts =
    whole === undefined
      ? [...spec.containers, ...(spec.initContainers ?? [])].map(({ resources }) => resources ?? {})
      : [whole];
  if (parts.every(hasNothing)) return 'BestEffort';
  return parts.every(isFixed) ? 'Guaranteed' : 'Burstable';
}

function hasNothing({ requests, limits }: ResourceRequirements): boolean {
  return counted.every((name) => isZero(requests?.[name]) && isZero(limits?.[name]));
}

function isFixed({ requests, limits }: ResourceRequirements): boolean {
  return counted.every((name) => {
    const limit = limits?.[name];
    const request = requests?.[name] ?? limit;
    return (
      limit !== undefined &&
      request !== undefined &&
      !isZero(limit) &&
      compareQuantities(request, limit) === 0
    );
  });
}

function isZero(quantity: string | number | undefined): boolean {
  return quantity === undefined || compareQuantities(quantity, '0') <= 0;
}
