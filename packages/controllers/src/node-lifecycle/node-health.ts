import { findCondition, formatTime } from '@kubewright/api';
import type { Node, NodeCondition, Taint } from '@kubewright/api/core/v1';

/** How long a node may be silent before its conditions become Unknown; upstream's default. */
export const nodeGraceMs = 50_000;

/** What a kubelet keeps up to date; all become Unknown together. */
const heartbeatConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;

const notReady = 'node.kubernetes.io/not-ready';
const unreachable = 'node.kubernetes.io/unreachable';

/** Taints by the state of a condition, as the Kubernetes page on taints lists them. */
const taintsOfConditions: readonly {
  readonly type: string;
  readonly status: string;
  readonly key: string;
}[] = [
  { type: 'Ready', status: 'False', key: notReady },
  { type: 'Ready', status: 'Unknown', key: unreachable },
  { type: 'MemoryPressure', status: 'True', key: 'node.kubernetes.io/memory-pressure' },
  { type: 'DiskPressure', status: 'True', key: 'node.kubernetes.io/disk-pressure' },
  { type: 'NetworkUnavailable', status: 'True', key: 'node.kubernetes.io/network-unavailable' },
  { type: 'PIDPressure', status: 'True', key: 'node.kubernetes.io/pid-pressure' },
];
const unschedulable = 'node.kubernetes.io/unschedulable';

/** The taints that this controller puts on and takes off; all others are someone else's. */
const managedNoSchedule = new Set([...taintsOfConditions.map(({ key }) => key), unschedulable]);
const managedNoExecute = new Set([notReady, unreachable]);

export type Readiness = 'True' | 'False' | 'Unknown';

export function readinessOf({ status }: Node): Readiness {
  const ready = findCondition(status?.conditions, 'Ready')?.status;
  return ready === 'True' || ready === 'False' ? ready : 'Unknown';
}

/** The conditions of a node that has been silent for too long. The same array comes back when they say so already. */
export function silentConditions({ status, metadata }: Node, now: number): readonly NodeCondition[] {
  const conditions = status?.conditions ?? [];
  const time = formatTime(now);
  const silent = heartbeatConditions.map((type): NodeCondition => {
    const before = findCondition(conditions, type);
    if (before === undefined)
      return {
        type,
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
        lastHeartbeatTime: metadata.creationTimestamp,
        lastTransitionTime: time,
      };
    if (before.status === 'Unknown') return before;
    return {
      ...before,
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
      lastTransitionTime: time,
    };
  });
  if (silent.every((condition) => conditions.includes(condition))) return conditions;
  const others = conditions.filter(({ type }) => !heartbeatConditions.some((known) => known === type));
  return [...silent, ...others];
}

/** The node's taints as its conditions ask for; `timeAdded` is kept, since evictions count from it. */
export function taintsOf({ spec, status }: Node, now: number): readonly Taint[] {
  const before = spec?.taints ?? [];
  const keep = before.filter(
    ({ key, effect }) =>
      !(effect === 'NoSchedule' && managedNoSchedule.has(key)) &&
      !(effect === 'NoExecute' && managedNoExecute.has(key)),
  );
  const wanted = taintsOfConditions
    .filter(({ type, status: is }) => findCondition(status?.conditions, type)?.status === is)
    .map(({ key }) => key);
  const noExecute = wanted.filter((key) => managedNoExecute.has(key));
  if (spec?.unschedulable) wanted.push(unschedulable);
  const taint = (key: string, effect: string): Taint =>
    before.find((known) => known.key === key && known.effect === effect) ?? {
      key,
      effect,
      timeAdded: formatTime(now),
    };
  return [
    ...keep,
    ...wanted.map((key) => taint(key, 'NoSchedule')),
    ...noExecute.map((key) => taint(key, 'NoExecute')),
  ];
}
