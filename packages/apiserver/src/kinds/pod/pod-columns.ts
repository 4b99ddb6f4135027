import type { ContainerStatus, Pod, PodSpec, PodStatus } from '@kubewright/api/core/v1';
import { ageColumn, nameColumn, orNone, text, wide } from '../columns.js';
import { timeSince } from '../human-duration.js';
import type { Column, RowCondition } from '../kind-rules.js';

/** What `kubectl get pods` shows. */
export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  text('Ready', 'Containers that are ready, and how many there are.', (pod) => {
    const { ready, total } = summary(pod);
    return `${ready}/${total}`;
  }),
  text('Status', 'What the pod is doing, or why it is not.', (pod) => summary(pod).reason),
  text('Restarts', 'How often containers of the pod were restarted, and when last.', (pod, now) => {
    const { restarts, lastRestart } = summary(pod);
    return restarts === 0 || lastRestart === ''
      ? `${restarts}`
      : `${restarts} (${timeSince(lastRestart, now)} ago)`;
  }),
  ageColumn,
  wide(text('IP', 'Address of the pod.', ({ status }) => orNone(status?.podIPs?.[0]?.ip))),
  wide(text('Node', 'Node that the pod is bound to.', ({ spec }) => orNone(spec?.nodeName))),
  wide(
    text('Nominated Node', 'Node on which room is being made for the pod.', ({ status }) =>
      orNone(status?.nominatedNodeName),
    ),
  ),
  wide(
    text('Readiness Gates', 'Further conditions of readiness that are true, and how many there are.', gates),
  ),
];

/** Marks the rows of pods that are over. Source: the pod printer of kube-apiserver. */
export function podRowConditions({ status }: Pod): readonly RowCondition[] | undefined {
  if (status?.phase === 'Succeeded') return succeeded;
  return status?.phase === 'Failed' ? failed : undefined;
}

const succeeded = [completed('Succeeded', 'The pod has completed successfully.')];
const failed = [completed('Failed', 'The pod failed.')];

function completed(reason: string, message: string): RowCondition {
  return { type: 'Completed', status: 'True', reason, message };
}

function gates({ spec, status }: Pod): string {
  const types = (spec?.readinessGates ?? []).map(({ conditionType }) => conditionType);
  if (types.length === 0) return '<none>';
  return `${types.filter((type) => isTrue(status, type)).length}/${types.length}`;
}

interface Summary {
  readonly ready: number;
  readonly total: number;
  readonly reason: string;
  readonly restarts: number;
  /** The newest end of a container that was started again, empty when there is none. */
  readonly lastRestart: string;
}

/** The containers of a pod in one line. Source: the pod printer of kube-apiserver, whose words users search for. */
function summary(pod: Pod): Summary {
  const { spec = { containers: [] }, status = {} } = pod;
  const sidecars = new Set(
    (spec.initContainers ?? [])
      .filter(({ restartPolicy }) => restartPolicy === 'Always')
      .map(({ name }) => name),
  );
  const total = spec.containers.length + sidecars.size;
  const init = initSummary(spec, status, sidecars);
  const statuses = status.containerStatuses ?? [];
  let reason = init.reason ?? beforeContainers(status);
  let { ready } = init;
  let counted = status.initContainerStatuses?.slice(0, init.seen) ?? [];
  if (init.reason === undefined || isTrue(status, 'Initialized')) {
    const main = mainSummary(statuses, status);
    reason = main.reason ?? reason;
    ready += main.ready;
    counted = [...counted.filter(({ name }) => sidecars.has(name)), ...statuses];
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    if (status.reason === 'NodeLost') reason = 'Unknown';
    else if (status.phase !== 'Succeeded' && status.phase !== 'Failed') reason = 'Terminating';
  }
  return {
    ready,
    total,
    reason,
    restarts: counted.reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0),
    lastRestart: counted.reduce((last, { lastState }) => {
      const finished = lastState?.terminated?.finishedAt ?? '';
      return finished !== '' && Date.parse(finished) > (last === '' ? 0 : Date.parse(last)) ? finished : last;
    }, ''),
  };
}

function beforeContainers(status: PodStatus): string {
  const gated = (status.conditions ?? []).some(
    ({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated',
  );
  return gated ? 'SchedulingGated' : status.reason || status.phase || '';
}

/** How far the init containers are: `reason` while they are not through, `seen` how many of them count. */
function initSummary(
  spec: PodSpec,
  status: PodStatus,
  sidecars: ReadonlySet<string>,
): { reason: string | undefined; ready: number; seen: number } {
  const statuses = status.initContainerStatuses ?? [];
  let ready = 0;
  for (const [index, container] of statuses.entries()) {
    const { terminated, waiting } = container.state ?? {};
    const seen = index + 1;
    if (terminated !== undefined && (terminated.exitCode ?? 0) === 0) continue;
    if (sidecars.has(container.name) && container.started === true) {
      if (container.ready) ready += 1;
      continue;
    }
    if (terminated !== undefined) return { reason: `Init:${endOf(terminated)}`, ready, seen };
    if (waiting?.reason && waiting.reason !== 'PodInitializing')
      return { reason: `Init:${waiting.reason}`, ready, seen };
    return { reason: `Init:${index}/${(spec.initContainers ?? []).length}`, ready, seen };
  }
  return { reason: undefined, ready, seen: statuses.length };
}

function endOf({
  reason,
  signal,
  exitCode,
}: {
  reason?: string | undefined;
  signal?: number | undefined;
  exitCode?: number | undefined;
}): string {
  return reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode ?? 0}`);
}

function mainSummary(
  statuses: readonly ContainerStatus[],
  status: PodStatus,
): { reason: string | undefined; ready: number } {
  let reason: string | undefined;
  let failure: string | undefined;
  let ready = 0;
  // From the last one back, so that the first container's trouble is the one that shows.
  for (const { state = {}, ready: isReady } of statuses.toReversed()) {
    if (state.waiting?.reason) reason = state.waiting.reason;
    else if (state.terminated !== undefined) {
      reason = endOf(state.terminated);
      if (state.terminated.exitCode) failure = reason;
    } else if (isReady && state.running !== undefined) ready += 1;
  }
  // One that completed does not hide that others run or failed.
  if (reason === 'Completed') {
    if (ready > 0 && isTrue(status, 'Ready')) reason = 'Running';
    else if (failure !== undefined) reason = failure;
    else if (ready > 0) reason = 'NotReady';
  }
  return { reason, ready };
}

function isTrue(status: PodStatus | undefined, type: string): boolean {
  return (status?.conditions ?? []).some(
    (condition) => condition.type === type && condition.status === 'True',
  );
}
