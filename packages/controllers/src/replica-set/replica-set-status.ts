import { findCondition, removeCondition, setCondition } from '@kubewright/api';
import type { ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from '@kubewright/api/apps/v1';
import type { Pod } from '@kubewright/api/core/v1';
import { hasLabels } from '../framework/has-labels.js';
import {
  availableInMs,
  isPodActive,
  isPodAvailable,
  isPodReady,
  isPodTerminating,
} from '../pods/pod-state.js';

/** What a ReplicaSet's status is computed from. */
export interface ReplicaSetObservation {
  readonly replicaSet: ReplicaSet;
  /** All that it controls. */
  readonly pods: readonly Pod[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Why pods could not be created or deleted. */
  readonly failure?:
    | { readonly reason: 'FailedCreate' | 'FailedDelete'; readonly message: string }
    | undefined;
}

/** Counts of zero are left out, as they are on the wire, except `replicas`. */
export function replicaSetStatus({
  replicaSet,
  pods,
  now,
  failure,
}: ReplicaSetObservation): ReplicaSetStatus {
  const active = pods.filter(isPodActive);
  const minReadySeconds = replicaSet.spec?.minReadySeconds ?? 0;
  const templateLabels = replicaSet.spec?.template?.metadata?.labels;
  const conditions = failureConditions(replicaSet, failure, now);
  return {
    replicas: active.length,
    ...counted(
      'fullyLabeledReplicas',
      active.filter((pod) => hasLabels(templateLabels, pod.metadata.labels)),
    ),
    ...counted('readyReplicas', active.filter(isPodReady)),
    ...counted(
      'availableReplicas',
      active.filter((pod) => isPodAvailable(pod, minReadySeconds, now)),
    ),
    terminatingReplicas: pods.filter(isPodTerminating).length,
    ...(replicaSet.metadata.generation === undefined
      ? {}
      : { observedGeneration: replicaSet.metadata.generation }),
    ...(conditions.length === 0 ? {} : { conditions: [...conditions] }),
  };
}

/** In how many milliseconds the next ready pod becomes available; undefined when none is about to. */
export function nextAvailabilityMs({ replicaSet, pods, now }: ReplicaSetObservation): number | undefined {
  const minReadySeconds = replicaSet.spec?.minReadySeconds ?? 0;
  const times = pods
    .filter(isPodActive)
    .map((pod) => availableInMs(pod, minReadySeconds, now))
    .filter((time) => time !== undefined && time > 0) as number[];
  return times.length === 0 ? undefined : Math.min(...times);
}

function counted<N extends string>(name: N, pods: readonly Pod[]): { [K in N]?: number } {
  return (pods.length === 0 ? {} : { [name]: pods.length }) as { [K in N]?: number };
}

function failureConditions(
  { status }: ReplicaSet,
  failure: ReplicaSetObservation['failure'],
  now: number,
): readonly ReplicaSetCondition[] {
  const type = 'ReplicaFailure';
  const conditions = status?.conditions;
  if (failure === undefined) return removeCondition(conditions ?? [], type);
  // The first failure stays: a message that changes each time would write a status each time.
  if (findCondition(conditions, type) !== undefined) return conditions ?? [];
  return setCondition<ReplicaSetCondition>(conditions, { type, status: 'True', ...failure }, now);
}
