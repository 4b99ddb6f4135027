import { ownerReference } from '@kubewright/api';
import { Deployment, type ReplicaSet } from '@kubewright/api/apps/v1';
import { withReplicas, withRevision } from './annotations.js';
import { podTemplateHash, podTemplateHashLabel } from './pod-template-hash.js';

/** The ReplicaSet that a Deployment wants for its template, when there is none yet. */
export function newReplicaSet(
  deployment: Deployment,
  { replicas, revision }: { readonly replicas: number; readonly revision: number },
): ReplicaSet {
  const { metadata, spec } = deployment;
  const template = spec?.template ?? {};
  const hash = podTemplateHash(template, deployment.status?.collisionCount);
  const labels = { ...template.metadata?.labels, [podTemplateHashLabel]: hash };
  return {
    metadata: {
      // Made from the content, so that a second attempt meets the first one's result.
      name: `${metadata.name}-${hash}`,
      namespace: metadata.namespace,
      labels,
      annotations: withReplicas(withRevision(undefined, deployment, revision), deployment),
      ownerReferences: [ownerReference(Deployment, deployment, true)],
    },
    spec: {
      replicas,
      ...(spec?.minReadySeconds ? { minReadySeconds: spec.minReadySeconds } : {}),
      selector: {
        ...spec?.selector,
        matchLabels: { ...spec?.selector.matchLabels, [podTemplateHashLabel]: hash },
      },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}
