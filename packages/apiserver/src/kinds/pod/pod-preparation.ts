import type { Pod } from '@kubewright/api/core/v1';
import type { LabelSelector, LabelSelectorRequirement } from '@kubewright/api/meta/v1';
import { withPodCondition } from './pod-condition.js';
import { fieldsFromAnnotations } from './profile-annotations.js';
import { qosClassOf } from './qos-class.js';

/** What a new pod gets besides its defaults. Source: `PrepareForCreate` of the pod strategy. */
export function prepareNewPod(pod: Pod, now: number): void {
  const spec = pod.spec ?? { containers: [] };
  // A pod can't take its time backwards: that was once taken for as little as there is.
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1;
  pod.status = { phase: 'Pending', qosClass: qosClassOf(spec) };
  if ((spec.schedulingGates ?? []).length > 0)
    pod.status.conditions = withPodCondition(
      [],
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
      },
      now,
    );
  mergeLabelKeys(pod);
  fieldsFromAnnotations(pod);
}

/** Terms that name only the keys of labels get the pod's own values. Source: KEP-3633 and KEP-3243. */
function mergeLabelKeys({ metadata, spec }: Pod): void {
  const labels = metadata.labels ?? {};
  for (const name of ['podAffinity', 'podAntiAffinity'] as const) {
    const affinity = spec?.affinity?.[name];
    for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [])
      mergeKeys(term, labels);
    for (const { podAffinityTerm } of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      mergeKeys(podAffinityTerm, labels);
  }
  for (const constraint of spec?.topologySpreadConstraints ?? []) mergeKeys(constraint, labels);
}

interface KeyedSelector {
  matchLabelKeys?: string[] | undefined;
  mismatchLabelKeys?: string[] | undefined;
  labelSelector?: LabelSelector | undefined;
}

function mergeKeys(
  { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector }: KeyedSelector,
  labels: Readonly<Record<string, string>>,
): void {
  if (labelSelector === undefined) return;
  const requirements = (keys: readonly string[], operator: string): LabelSelectorRequirement[] =>
    keys.flatMap((key) => {
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  const added = [...requirements(matchLabelKeys, 'In'), ...requirements(mismatchLabelKeys, 'NotIn')];
  if (added.length > 0)
    labelSelector.matchExpressions = [...(labelSelector.matchExpressions ?? []), ...added];
}
