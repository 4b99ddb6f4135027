import type { Node, Pod } from '@kubewright/api/core/v1';
import {
  add,
  parseResources,
  podRequests,
  podRequestsAssumed,
  type Resources,
  subtract,
} from './resources.js';

/** A node and what runs on it or is about to: what filters and scores look at. A value; changes make new ones. */
export interface NodeInfo {
  readonly name: string;
  readonly node: Node;
  readonly allocatable: Resources;
  /** What its pods ask for. */
  readonly requested: Resources;
  /** The same, with assumptions for containers that ask for nothing. */
  readonly requestedAssumed: Resources;
  readonly podCount: number;
}

export function nodeInfoOf(node: Node, pods: Iterable<Pod> = []): NodeInfo {
  const empty: NodeInfo = {
    name: node.metadata.name ?? '',
    node,
    allocatable: parseResources(node.status?.allocatable ?? node.status?.capacity),
    requested: {},
    requestedAssumed: {},
    podCount: 0,
  };
  let info = empty;
  for (const pod of pods) info = withPod(info, pod);
  return info;
}

export function withPod(info: NodeInfo, pod: Pod): NodeInfo {
  return {
    ...info,
    requested: add(info.requested, podRequests(pod)),
    requestedAssumed: add(info.requestedAssumed, podRequestsAssumed(pod)),
    podCount: info.podCount + 1,
  };
}

export function withoutPod(info: NodeInfo, pod: Pod): NodeInfo {
  return {
    ...info,
    requested: subtract(info.requested, podRequests(pod)),
    requestedAssumed: subtract(info.requestedAssumed, podRequestsAssumed(pod)),
    podCount: info.podCount - 1,
  };
}
