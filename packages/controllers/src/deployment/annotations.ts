import type { Deployment, ReplicaSet } from '@kubewright/api/apps/v1';
import { fencepostsOf } from './fenceposts.js';

type Annotations = Readonly<Record<string, string>>;

export const revisionAnnotation = 'deployment.kubernetes.io/revision';
const historyAnnotation = 'deployment.kubernetes.io/revision-history';
const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas';
const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas';

/** Belong to the one object alone. */
const notCopied = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxReplicasAnnotation,
  'deprecated.deployment.rollback.to',
]);

/** Upstream cuts the list of former revisions at this many characters. */
const longestHistory = 2000;

/** The revision that a ReplicaSet or a Deployment carries; 0 where it carries none. */
export function revisionOf({ metadata }: ReplicaSet | Deployment): number {
  return integer(metadata.annotations?.[revisionAnnotation]) ?? 0;
}

/** How many replicas the Deployment wanted when the ReplicaSet was last scaled. */
export function desiredReplicasOf({ metadata }: ReplicaSet): number | undefined {
  return integer(metadata.annotations?.[desiredAnnotation]);
}

/** How many pods the Deployment might have had when the ReplicaSet was last scaled. */
export function maxReplicasOf({ metadata }: ReplicaSet): number | undefined {
  return integer(metadata.annotations?.[maxReplicasAnnotation]);
}

/** The annotations with the counts by which a later change of the Deployment's size is noticed. */
export function withReplicas(annotations: Annotations | undefined, deployment: Deployment): Annotations {
  const replicas = deployment.spec?.replicas ?? 1;
  return {
    ...annotations,
    [desiredAnnotation]: String(replicas),
    [maxReplicasAnnotation]: String(replicas + fencepostsOf(deployment).maxSurge),
  };
}

/**
 * The annotations of the ReplicaSet that has the Deployment's template: those of the Deployment, and its own revision.
 * One that is taken up again gets a new revision and remembers the former ones.
 */
export function withRevision(
  annotations: Annotations | undefined,
  deployment: Deployment,
  revision: number,
): Annotations {
  const result: Record<string, string> = { ...annotations };
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {}))
    if (!notCopied.has(key)) result[key] = value;
  const before = annotations?.[revisionAnnotation];
  if ((integer(before) ?? 0) >= revision) return result;
  result[revisionAnnotation] = String(revision);
  if (before !== undefined) result[historyAnnotation] = withFormer(result[historyAnnotation], before);
  return result;
}

function withFormer(history: string | undefined, revision: string): string {
  const revisions = [...(history ? history.split(',') : []), revision];
  while (revisions.length > 1 && revisions.join(',').length > longestHistory) revisions.shift();
  return revisions.join(',');
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
