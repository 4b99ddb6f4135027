import type {
  Affinity,
  Container,
  NodeSelectorTerm,
  Pod,
  PodSpec,
  Toleration,
} from '@kubewright/api/core/v1';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  path,
  required,
} from '../../validation/field-error.js';
import { inRange } from '../../validation/formats.js';
import { goForm } from '../../validation/go-form.js';
import { sameValue } from '../../validation/immutable.js';
import { lineDifference } from '../../validation/line-difference.js';
import { maxInt32, validateAnnotationsUpdate } from './pod-validation.js';
import { validateTolerations } from './scheduling-validation.js';

/** What a change of a pod may change: images, the deadline, more tolerations, fewer scheduling gates. */
export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const field = path('spec');
  const spec = pod.spec ?? { containers: [] };
  const oldSpec = old.spec ?? { containers: [] };
  const errors = validateAnnotationsUpdate(pod, old);
  for (const name of ['containers', 'initContainers'] as const) {
    const { wrong, stop } = validateImages(spec[name] ?? [], oldSpec[name] ?? [], field.child(name));
    errors.push(...wrong);
    if (stop) return errors;
  }
  const deadline = validateDeadline(spec, oldSpec, field.child('activeDeadlineSeconds'));
  errors.push(...deadline.wrong);
  if (deadline.stop) return errors;
  errors.push(
    ...validateMoreTolerations(spec.tolerations ?? [], oldSpec.tolerations ?? [], field.child('tolerations')),
    ...validateFewerGates(spec, oldSpec, field.child('schedulingGates')),
  );
  errors.push(...validateRest(spec, oldSpec, field));
  return errors;
}

interface Stage {
  readonly wrong: FieldError[];
  /** Nothing further would make sense. */
  readonly stop: boolean;
}

function validateImages(
  containers: readonly Container[],
  old: readonly Container[],
  field: FieldPath,
): Stage {
  if (containers.length !== old.length)
    return { wrong: [forbiddenField(field, 'pod updates may not add or remove containers')], stop: true };
  const wrong = containers.flatMap(({ image = '' }, index) => {
    const at = field.index(index).child('image');
    return [
      ...(image === '' ? [required(at)] : []),
      ...(image === image.trim() ? [] : [invalid(at, image, 'must not have leading or trailing whitespace')]),
    ];
  });
  return { wrong, stop: false };
}

function validateDeadline(spec: PodSpec, old: PodSpec, field: FieldPath): Stage {
  const wanted = spec.activeDeadlineSeconds;
  const had = old.activeDeadlineSeconds;
  if (wanted === undefined)
    return had === undefined
      ? { wrong: [], stop: false }
      : {
          wrong: [invalid(field, null, 'must not update from a positive integer to nil value')],
          stop: false,
        };
  if (wanted < 0 || wanted > maxInt32)
    return { wrong: [invalid(field, wanted, inRange(0, maxInt32))], stop: true };
  if (had !== undefined && had < wanted)
    return { wrong: [invalid(field, wanted, 'must be less than or equal to previous value')], stop: true };
  return { wrong: [], stop: false };
}

function validateMoreTolerations(
  tolerations: readonly Toleration[],
  old: readonly Toleration[],
  field: FieldPath,
): FieldError[] {
  const kept = old.every((one) =>
    tolerations.some(({ tolerationSeconds }, index) =>
      sameValue({ ...one, tolerationSeconds }, tolerations[index]),
    ),
  );
  // What holds for all tolerations has been said already: upstream says it again.
  return kept
    ? validateTolerations(tolerations, field)
    : [forbiddenField(field, 'existing toleration can not be modified except its tolerationSeconds')];
}

function validateFewerGates(spec: PodSpec, old: PodSpec, field: FieldPath): FieldError[] {
  const added = new Map((spec.schedulingGates ?? []).map(({ name }, index) => [name, index]));
  for (const { name } of old.schedulingGates ?? []) added.delete(name);
  return [...added].map(([name, index]) =>
    forbiddenField(
      field.index(index).child('name'),
      `only deletion is allowed, but found new scheduling gate '${name}'`,
    ),
  );
}

const changeable =
  '`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

function validateRest(spec: PodSpec, old: PodSpec, field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const masked: PodSpec = {
    ...spec,
    containers: withOldImages(spec.containers, old.containers),
    initContainers: spec.initContainers && withOldImages(spec.initContainers, old.initContainers ?? []),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    schedulingGates: old.schedulingGates,
    tolerations: old.tolerations,
  };
  if ((old.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1)
    masked.terminationGracePeriodSeconds = old.terminationGracePeriodSeconds;
  // While gated, a pod may still be narrowed to fewer nodes. Source: KEP-3838.
  if ((old.schedulingGates ?? []).length > 0) {
    const had = old.nodeSelector ?? {};
    if (Object.entries(had).some(([key, value]) => spec.nodeSelector?.[key] !== value))
      errors.push(
        invalid(
          field.child('nodeSelector'),
          spec.nodeSelector ?? null,
          'only additions to spec.nodeSelector are allowed (no mutations or deletions)',
        ),
      );
    masked.nodeSelector = old.nodeSelector;
    if (!sameValue(spec.affinity?.nodeAffinity, old.affinity?.nodeAffinity)) {
      errors.push(...validateNarrowed(spec, old, field.child('affinity', 'nodeAffinity')));
      masked.affinity = withOldNodeAffinity(spec.affinity, old.affinity);
    }
  }
  if (sameValue(masked, old)) return errors;
  const shown = lineDifference(goForm(old, 'PodSpec'), goForm(masked, 'PodSpec'));
  return [
    ...errors,
    forbiddenField(field, `pod updates may not change fields other than ${changeable}\n${shown}`),
  ];
}

function withOldImages(containers: readonly Container[], old: readonly Container[]): Container[] {
  return containers.map((container, index) => ({ ...container, image: old[index]?.image }));
}

function withOldNodeAffinity(
  affinity: Affinity | undefined,
  old: Affinity | undefined,
): Affinity | undefined {
  const onlyNodes = affinity?.podAffinity === undefined && affinity?.podAntiAffinity === undefined;
  if (old === undefined && onlyNodes) return undefined;
  return { ...affinity, nodeAffinity: old?.nodeAffinity };
}

/** Requirements may be added to the terms that there are. */
function validateNarrowed(spec: PodSpec, old: PodSpec, field: FieldPath): FieldError[] {
  const termsOf = ({ affinity }: PodSpec) =>
    affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const at = field.child('requiredDuringSchedulingIgnoredDuringExecution', 'nodeSelectorTerms');
  const [now, before] = [termsOf(spec), termsOf(old)];
  if (before.length === 0) return [];
  if (before.length !== now.length)
    return [invalid(at, now, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed')];
  return before.flatMap((term, index) =>
    isNarrowed(now[index] ?? {}, term)
      ? []
      : [invalid(at.index(index), now[index], 'only additions are allowed (no mutations or deletions)')],
  );
}

function isNarrowed(term: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const lists = ['matchExpressions', 'matchFields'] as const;
  // A term without requirements selects nothing: with some it would select more.
  const wasEmpty = lists.every((list) => (old[list] ?? []).length === 0);
  if (wasEmpty) return lists.every((list) => (term[list] ?? []).length === 0);
  return lists.every((list) =>
    (old[list] ?? []).every((requirement, index) => sameValue(requirement, term[list]?.[index])),
  );
}
