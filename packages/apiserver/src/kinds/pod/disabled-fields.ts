import type { ContainerStatus, Lifecycle, PodSpec, PodStatus } from '@kubewright/api/core/v1';

const containerLists = ['initContainers', 'containers', 'ephemeralContainers'] as const;

/** Fields of a pod whose features are off. Source: `DropDisabledPodFields`, with the feature gates of 1.36. */
export function dropDisabledPodFields(spec: PodSpec | undefined): void {
  if (spec === undefined) return;
  delete spec.schedulingGroup;
  for (const { projected } of spec.volumes ?? [])
    for (const source of projected?.sources ?? []) {
      delete source.clusterTrustBundle;
      delete source.podCertificate;
    }
  for (const list of containerLists)
    for (const container of spec[list] ?? [])
      if (container.lifecycle?.stopSignal !== undefined) {
        delete container.lifecycle.stopSignal;
        if (isEmpty(container.lifecycle)) delete container.lifecycle;
      }
}

function isEmpty({ postStart, preStop }: Lifecycle): boolean {
  return postStart === undefined && preStop === undefined;
}

const statusLists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const;

/** The same for what a node says of a pod. */
export function dropDisabledStatusFields(status: PodStatus): void {
  delete status.nodeAllocatableResourceClaimStatuses;
  for (const list of statusLists) status[list]?.forEach(dropVolumeStatus);
}

function dropVolumeStatus({ volumeMounts = [] }: ContainerStatus): void {
  for (const mount of volumeMounts) delete mount.volumeStatus;
}
