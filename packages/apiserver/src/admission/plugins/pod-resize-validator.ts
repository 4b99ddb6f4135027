import {
  ApiError,
  addResources,
  compareQuantities,
  type ParsedQuantity,
  podResources,
  quantityMilliValue,
  quantityValue,
} from '@kubewright/api';
import { Pod, type PodSpec } from '@kubewright/api/core/v1';
import type { AdmissionPlugin } from '../admission-plugin.js';
import type { AdmissionRequest } from '../admission-request.js';
import { handlesKind } from '../handles-kind.js';
import { nodeOfChangedPod } from '../pod-node.js';
import { refusal } from '../refusal.js';

/** A pod on a node grows no further than the node has room for it alone, and on Linux only. Source: KEP-1287. */
export const podResizeValidator: AdmissionPlugin<Pod> = {
  name: 'PodResizeValidator',
  handles: handlesKind(Pod, ['UPDATE'], ['resize']),

  validate(request) {
    const { spec } = request.object ?? {};
    const node = nodeOfChangedPod(request);
    if (spec === undefined || node === undefined) return;
    const os = node.metadata.labels?.['kubernetes.io/os'] ?? 'linux';
    if (os !== 'linux')
      throw refusalBecause(
        request,
        `pod resize is only supported on linux nodes, node "${node.metadata.name ?? ''}" is "${os}"`,
        'UnsupportedPlatform',
      );
    const beyond = requestsBeyond(spec, node.status?.allocatable ?? {});
    if (beyond.length > 0)
      throw refusalBecause(
        request,
        `node didn't have enough allocatable resources: ${beyond.join('; ')}`,
        'NodeCapacity',
      );
  },
};

/** What is told of each resource, and in which unit. */
const told = { cpu: quantityMilliValue, memory: quantityValue };

function requestsBeyond(spec: PodSpec, allocatable: Readonly<Record<string, string | number>>): string[] {
  const requests: Record<string, ParsedQuantity> = { ...podResources(spec, 'requests') };
  addResources(requests, spec.overhead);
  return (['cpu', 'memory'] as const).flatMap((name) => {
    const [requested = 0, room = 0] = [requests[name], allocatable[name]];
    if (compareQuantities(requested, room) <= 0) return [];
    return [`${name}, requested: ${told[name](requested)}, allocatable: ${told[name](room)}`];
  });
}

function refusalBecause(request: AdmissionRequest<Pod>, why: string, reason: string): ApiError {
  const { message, details } = refusal(request, why);
  return new ApiError('Forbidden', message, { details: { ...details, causes: [{ reason }] } });
}
