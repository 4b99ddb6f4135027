import type { Deployment } from '@kubewright/api/apps/v1';
import type { IntOrString } from '@kubewright/api/meta/v1';

/** How many pods a rolling update may add, and how many may be missing. */
export interface Fenceposts {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

const none: Fenceposts = { maxSurge: 0, maxUnavailable: 0 };

/**
 * The two limits as numbers of pods: of percentages the surge is rounded up and the unavailable down, and when both
 * come to nothing one pod may be missing, since nothing could move otherwise. Source: the Kubernetes page on
 * Deployments, upstream's `ResolveFenceposts`.
 */
export function fencepostsOf({ spec }: Deployment): Fenceposts {
  if (!isRollingUpdate(spec?.strategy?.type)) return none;
  const replicas = spec?.replicas ?? 1;
  const rolling = spec?.strategy?.rollingUpdate;
  const maxSurge = scaled(rolling?.maxSurge ?? '25%', replicas, Math.ceil);
  const maxUnavailable = scaled(rolling?.maxUnavailable ?? '25%', replicas, Math.floor);
  if (maxSurge === 0 && maxUnavailable === 0) return { maxSurge, maxUnavailable: 1 };
  return { maxSurge, maxUnavailable };
}

/** The number of pods that may be missing: never more than there are to be. */
export function maxUnavailableOf(deployment: Deployment): number {
  const replicas = deployment.spec?.replicas ?? 1;
  return Math.min(fencepostsOf(deployment).maxUnavailable, replicas);
}

/** The default strategy rolls. */
export function isRollingUpdate(strategy: string | undefined): boolean {
  return strategy === undefined || strategy === 'RollingUpdate';
}

function scaled(value: IntOrString, total: number, round: (value: number) => number): number {
  if (typeof value === 'number') return value;
  const match = /^(\d+)%$/.exec(value);
  if (match === null) throw new TypeError(`"${value}" is neither a number nor a percentage`);
  return round((Number(match[1]) * total) / 100);
}
