import type { KubernetesObject } from '@kubewright/api';
import type { Pod, PodTemplateSpec } from '@kubewright/api/core/v1';
import type { OwnerReference } from '@kubewright/api/meta/v1';

/** The pod that a workload's template asks for. @param generateName what the server makes its name of */
export function podOfTemplate(
  owner: KubernetesObject,
  template: PodTemplateSpec,
  controller: OwnerReference,
  generateName = `${owner.metadata.name ?? ''}-`,
): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    metadata: {
      generateName,
      namespace: owner.metadata.namespace,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controller],
    },
    spec: template.spec,
  };
}
