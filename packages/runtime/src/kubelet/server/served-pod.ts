import type { Pod, PodStatus } from '@kubewright/api/core/v1';

/** A pod of this node, with its newest status. */
export interface ServedPod {
  readonly pod: Pod;
  readonly status: PodStatus;
}

/** A request that is answered with a code and a line of text, as kubelets answer. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** The pod that a path names. @throws HttpFailure */
export function findPod(pods: readonly ServedPod[], namespace: string, name: string): ServedPod {
  const found = pods.find(({ pod }) => pod.metadata.namespace === namespace && pod.metadata.name === name);
  if (found === undefined) throw new HttpFailure(404, `pod "${name}" not found in namespace "${namespace}"`);
  return found;
}

/** The runtime's id of a running container. @throws HttpFailure */
export function runningContainerId({ status }: ServedPod, container: string): string {
  const statuses = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const found = statuses.find(({ name }) => name === container);
  const id = found?.containerID?.split('://')[1];
  if (found === undefined || id === undefined || found.state?.running === undefined)
    throw new HttpFailure(404, `container not found ("${container}")`);
  return id;
}
