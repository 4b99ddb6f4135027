import type { Deployment, ReplicaSet } from '@kubewright/api/apps/v1';
import type { IntOrString } from '@kubewright/api/meta/v1';

/** A ReplicaSet as tests write it: wanted and available pods; older ones have lower ages. */
export function replicaSet(
  name: string,
  replicas: number,
  { available = replicas, age = 0, max }: { available?: number; age?: number; max?: number } = {},
): ReplicaSet {
  return {
    metadata: {
      name,
      uid: name,
      creationTimestamp: new Date(1_700_000_000_000 + age * 1000).toISOString(),
      ...(max === undefined ? {} : { annotations: { 'deployment.kubernetes.io/max-replicas': `${max}` } }),
    },
    spec: { replicas, selector: {} },
    status: { replicas, availableReplicas: available, readyReplicas: available },
  };
}

/** A Deployment that rolls. */
export function rolling(replicas: number, maxSurge: IntOrString, maxUnavailable: IntOrString): Deployment {
  return {
    metadata: { name: 'web', uid: 'web', generation: 1 },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: 'one' }] },
      },
    },
  };
}
