import type { KubernetesObject } from '@kubewright/api';
import type { Pod, PodTemplateSpec } from '@kubewright/api/core/v1';
import type { OwnerReference } from '@kubewright/api/meta/v1';

/** The pod that a workload's template asks for; the server gives it its name. */
export function podOfTemplate(
  owner: KubernetesObject,
  template: PodTemplateSpec,
  controller: OwnerReference,
): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const { name = '', namespace } = owner.metadata;
  return {
    metadata: {
      generateName: `${name}-`,
      namespace,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controller],
    },
    spec: template.spec,
  };
}
