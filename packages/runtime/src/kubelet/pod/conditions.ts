import type { ContainerStatus, Pod, PodCondition } from '@kubewright/api/core/v1';

export interface ConditionFacts {
  readonly phase: string;
  readonly initialized: boolean;
  readonly sandboxReady: boolean;
  readonly initContainers: readonly ContainerStatus[];
  readonly containers: readonly ContainerStatus[];
  readonly now: Date;
}

/** The types of the conditions that the kubelet writes. */
export const ownConditions: ReadonlySet<string> = new Set([
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
]);

/**
 * The conditions that the kubelet owns. A condition keeps its transition time while its status stays.
 * Source: "Pod Lifecycle", pod conditions.
 */
export function podConditions(pod: Pod, facts: ConditionFacts): PodCondition[] {
  const old = new Map((pod.status?.conditions ?? []).map((condition) => [condition.type, condition]));
  const unready = unreadyContainers(pod, facts);
  const containersReady = readiness(facts, unready);
  const make = (type: string, { status, reason, message }: Verdict): PodCondition => {
    const before = old.get(type);
    const changed = before?.status !== (status ? 'True' : 'False');
    return {
      type,
      status: status ? 'True' : 'False',
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
      lastTransitionTime:
        changed || !before?.lastTransitionTime
          ? facts.now.toISOString().replace(/\.\d+Z$/, 'Z')
          : before.lastTransitionTime,
      ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    };
  };
  return [
    make('PodReadyToStartContainers', { status: facts.sandboxReady }),
    make('Initialized', initializedVerdict(facts)),
    make('Ready', withGates(pod, containersReady)),
    make('ContainersReady', containersReady),
    make('PodScheduled', { status: true }),
  ];
}

interface Verdict {
  readonly status: boolean;
  readonly reason?: string;
  readonly message?: string;
}

function initializedVerdict(facts: ConditionFacts): Verdict {
  if (facts.phase === 'Succeeded') return { status: true, reason: 'PodCompleted' };
  if (facts.initialized) return { status: true };
  const incomplete = facts.initContainers.filter((status) => !status.ready).map((status) => status.name);
  return {
    status: false,
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${incomplete.join(' ')}]`,
  };
}

function unreadyContainers(pod: Pod, facts: ConditionFacts): string[] {
  const sidecars = new Set(
    (pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always').map((c) => c.name),
  );
  return [...facts.initContainers.filter((status) => sidecars.has(status.name)), ...facts.containers]
    .filter((status) => !status.ready)
    .map((status) => status.name);
}

function readiness(facts: ConditionFacts, unready: readonly string[]): Verdict {
  if (facts.phase === 'Succeeded') return { status: false, reason: 'PodCompleted' };
  if (facts.phase === 'Failed') return { status: false, reason: 'PodFailed' };
  if (unready.length === 0) return { status: true };
  return {
    status: false,
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${unready.join(' ')}]`,
  };
}

/** A pod with readiness gates is ready when its containers are and every gate's condition is true. */
function withGates(pod: Pod, containers: Verdict): Verdict {
  if (!containers.status) return containers;
  const messages: string[] = [];
  for (const { conditionType } of pod.spec?.readinessGates ?? []) {
    const condition = pod.status?.conditions?.find(({ type }) => type === conditionType);
    if (condition === undefined)
      messages.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
    else if (condition.status !== 'True')
      messages.push(
        `the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`,
      );
  }
  if (messages.length === 0) return { status: true };
  return { status: false, reason: 'ReadinessGatesNotReady', message: messages.join(', ') };
}
