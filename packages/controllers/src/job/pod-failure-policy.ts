import type { PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement } from '@kubewright/api/batch/v1';
import type { ContainerStatus, Pod } from '@kubewright/api/core/v1';

/** What the first rule that matches says of a failed pod. */
export interface FailureVerdict {
  /** Towards the limits of failures. */
  readonly counts: boolean;
  /** `FailJob`, `FailIndex`, `Ignore` or `Count`; undefined where no rule matches. */
  readonly action?: string;
  /** Why the job fails, for `FailJob`. */
  readonly message?: string;
}

/** Source: KEP-3329. */
export function failureVerdict(policy: PodFailurePolicy | undefined, pod: Pod): FailureVerdict {
  for (const [index, { action, onExitCodes, onPodConditions }] of (policy?.rules ?? []).entries()) {
    const why =
      onExitCodes === undefined
        ? matchingCondition(pod, onPodConditions ?? [])
        : matchingExitCode(pod, onExitCodes);
    if (why === undefined) continue;
    if (action === 'FailJob')
      return { counts: true, action, message: `${why} matching ${action} rule at index ${index}` };
    return { counts: action !== 'Ignore', action };
  }
  return { counts: true };
}

function matchingExitCode(
  { metadata, status }: Pod,
  { containerName, operator, values }: PodFailurePolicyOnExitCodesRequirement,
): string | undefined {
  const exitCode = ({ state }: ContainerStatus) => state?.terminated?.exitCode ?? 0;
  const matches = (container: ContainerStatus) =>
    exitCode(container) !== 0 &&
    (containerName === undefined || containerName === container.name) &&
    values.includes(exitCode(container)) === (operator === 'In');
  const found = status?.containerStatuses?.find(matches) ?? status?.initContainerStatuses?.find(matches);
  return (
    found &&
    `Container ${found.name} for pod ${metadata.namespace}/${metadata.name} failed with exit code ${exitCode(found)}`
  );
}

function matchingCondition(
  { metadata, status }: Pod,
  patterns: readonly { readonly type: string; readonly status?: string | undefined }[],
): string | undefined {
  const found = status?.conditions?.find((condition) =>
    patterns.some((pattern) => pattern.type === condition.type && pattern.status === condition.status),
  );
  return found && `Pod ${metadata.namespace}/${metadata.name} has condition ${found.type}`;
}
