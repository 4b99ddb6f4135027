import type { Node, NodeCondition, NodeStatus, NodeSystemInfo } from '@kubewright/api/core/v1';
import type { RuntimeStatus } from '../../container/container-runtime.js';
import type { MachineResources } from './machine.js';

export interface NodeFacts {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly resources: MachineResources;
  readonly info: NodeSystemInfo;
  readonly runtime: RuntimeStatus;
  /** Where the kubelet listens. */
  readonly port: number;
  readonly now: Date;
}

/** The labels that every node has. Source: "Well-Known Labels, Annotations and Taints". */
export function nodeLabels(name: string, info: NodeSystemInfo): Record<string, string> {
  return {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': info.operatingSystem,
    'kubernetes.io/arch': info.architecture,
    'beta.kubernetes.io/os': info.operatingSystem,
    'beta.kubernetes.io/arch': info.architecture,
  };
}

/** A node's status; conditions keep their transition times while their statuses stay. */
export function nodeStatus(previous: Node | undefined, facts: NodeFacts): NodeStatus {
  return {
    addresses: [
      ...facts.addresses.map((address) => ({ type: 'InternalIP', address })),
      { type: 'Hostname', address: facts.name },
    ],
    capacity: { ...facts.resources.capacity },
    allocatable: { ...facts.resources.allocatable },
    conditions: conditions(previous, facts),
    daemonEndpoints: { kubeletEndpoint: { Port: facts.port } },
    nodeInfo: facts.info,
  };
}

/** Whether anything but the heartbeats differs, so that it is worth writing before its time. */
export function statusDiffers(a: NodeStatus, b: NodeStatus): boolean {
  const plain = (status: NodeStatus) =>
    JSON.stringify({
      ...status,
      conditions: status.conditions?.map(({ lastHeartbeatTime, ...condition }) => condition),
    });
  return plain(a) !== plain(b);
}

function conditions(previous: Node | undefined, facts: NodeFacts): NodeCondition[] {
  const now = facts.now.toISOString().replace(/\.\d+Z$/, 'Z');
  const old = new Map((previous?.status?.conditions ?? []).map((condition) => [condition.type, condition]));
  const make = (type: string, value: { status: string; reason: string; message: string }): NodeCondition => {
    const before = old.get(type);
    return {
      type,
      ...value,
      lastHeartbeatTime: now,
      lastTransitionTime:
        before?.status === value.status && before.lastTransitionTime ? before.lastTransitionTime : now,
    };
  };
  return [
    make('MemoryPressure', {
      status: 'False',
      reason: 'KubeletHasSufficientMemory',
      message: 'kubelet has sufficient memory available',
    }),
    make('DiskPressure', {
      status: 'False',
      reason: 'KubeletHasNoDiskPressure',
      message: 'kubelet has no disk pressure',
    }),
    make('PIDPressure', {
      status: 'False',
      reason: 'KubeletHasSufficientPID',
      message: 'kubelet has sufficient PID available',
    }),
    make('Ready', readiness(facts.runtime)),
  ];
}

function readiness(runtime: RuntimeStatus): { status: string; reason: string; message: string } {
  const why = runtime.messages.join('; ');
  if (!runtime.ready)
    return {
      status: 'False',
      reason: 'KubeletNotReady',
      message: `container runtime is down${why && `: ${why}`}`,
    };
  if (!runtime.networkReady)
    return {
      status: 'False',
      reason: 'KubeletNotReady',
      message: `container runtime network not ready: ${why}`,
    };
  return { status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' };
}
