import { parseTime } from '@kubewright/api';
import type { Deployment, ReplicaSet } from '@kubewright/api/apps/v1';
import type { PodTemplateSpec } from '@kubewright/api/core/v1';
import { sameValue } from '../framework/same-value.js';
import { podTemplateHashLabel } from './pod-template-hash.js';

/** A Deployment's ReplicaSets: the one that has its template now, and the others, oldest first. */
export interface Revisions {
  readonly current: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
}

export function revisionsOf(deployment: Deployment, replicaSets: readonly ReplicaSet[]): Revisions {
  const sorted = [...replicaSets].sort(byCreation);
  // Of several with the same template the oldest counts, so that every reconcile picks the same.
  const current = sorted.find(({ spec }) => sameTemplate(spec?.template, deployment.spec?.template));
  return { current, old: sorted.filter((replicaSet) => replicaSet !== current) };
}

/** Equal but for the label that a Deployment puts on the templates of its ReplicaSets. */
export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return sameValue(withoutHash(a), withoutHash(b));
}

export function replicasOf(replicaSet: ReplicaSet): number {
  return replicaSet.spec?.replicas ?? 1;
}

/** Of pods that are wanted. */
export function totalReplicas(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((sum, replicaSet) => sum + replicasOf(replicaSet), 0);
}

type Count = 'replicas' | 'readyReplicas' | 'availableReplicas' | 'terminatingReplicas';

/** Of pods that there are. */
export function countedReplicas(replicaSets: readonly ReplicaSet[], count: Count): number {
  return replicaSets.reduce((sum, { status }) => sum + (status?.[count] ?? 0), 0);
}

/** Those that want pods. */
export function activeOf(replicaSets: readonly ReplicaSet[]): ReplicaSet[] {
  return replicaSets.filter((replicaSet) => replicasOf(replicaSet) > 0);
}

/** Oldest first; those of the same second by name. */
export function byCreation(a: ReplicaSet, b: ReplicaSet): number {
  return createdAt(a) - createdAt(b) || ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1);
}

function createdAt({ metadata }: ReplicaSet): number {
  return parseTime(metadata.creationTimestamp ?? '') ?? Number.POSITIVE_INFINITY;
}

function withoutHash(template: PodTemplateSpec | undefined): PodTemplateSpec | undefined {
  const { [podTemplateHashLabel]: hash, ...labels } = template?.metadata?.labels ?? {};
  if (hash === undefined) return template;
  return { ...template, metadata: { ...template?.metadata, labels } };
}
