import { isConditionTrue } from '@kubewright/api';
import type { Job, JobSpec } from '@kubewright/api/batch/v1';
import type { Affinity, Container, PodTemplateSpec } from '@kubewright/api/core/v1';
import { type FieldError, invalid, path } from '../../validation/field-error.js';
import { sameValue, validateImmutable } from '../../validation/immutable.js';
import { validateSelectedJobSpec } from './job-validation.js';

/** What stays of a job, and what a suspended one may still change. Source: `ValidateJobSpecUpdate` of batch. */
export function validateJobUpdate(job: Job, old: Job): FieldError[] {
  const field = path('spec');
  const [spec, oldSpec] = [job.spec, old.spec];
  if (spec === undefined || oldSpec === undefined) return [];
  const still = (name: keyof JobSpec, type?: string) =>
    validateImmutable(spec[name], oldSpec[name], field.child(name), type);
  return [
    // Upstream looks at the whole of it again, and says what is wrong as often.
    ...validateSelectedJobSpec(spec, field),
    ...validateCompletions(spec, oldSpec),
    ...still('selector'),
    ...validateImmutable(spec.template, changeable(spec, old), field.child('template'), 'PodTemplateSpec'),
    ...still('completionMode'),
    ...still('podFailurePolicy', '*PodFailurePolicy'),
    ...still('backoffLimitPerIndex'),
    ...still('managedBy'),
    ...still('successPolicy', '*SuccessPolicy'),
  ];
}

/** An Indexed job may grow and shrink, with as many pods at a time as there are indexes. Source: KEP-3715. */
function validateCompletions(spec: JobSpec, old: JobSpec): FieldError[] {
  const field = path('spec', 'completions');
  if (spec.completionMode !== 'Indexed') return validateImmutable(spec.completions, old.completions, field);
  if (spec.completions === undefined || spec.completions === old.completions) return [];
  return spec.completions === spec.parallelism
    ? []
    : [invalid(field, spec.completions, 'can only be modified in tandem with spec.parallelism')];
}

/** The old template with those parts of the new one that may change now. */
function changeable({ template }: JobSpec, old: Job): PodTemplateSpec | undefined {
  const { spec: oldSpec, status } = old;
  if (oldSpec?.suspend !== true) return oldSpec?.template;
  const never = status?.startTime === undefined;
  // One that ran has to be suspended in deed: its pods are gone. Source: KEP-5440.
  const stopped = isConditionTrue(status?.conditions, 'Suspended') && (status?.active ?? 0) === 0;
  if (!never && !stopped) return oldSpec.template;
  const had = oldSpec.template;
  const { metadata = {}, spec = { containers: [] } } = template;
  const before = had.spec ?? { containers: [] };
  return {
    ...had,
    metadata: { ...had.metadata, labels: metadata.labels, annotations: metadata.annotations },
    spec: {
      ...before,
      affinity: changeableAffinity(spec.affinity, before.affinity),
      nodeSelector: spec.nodeSelector,
      tolerations: spec.tolerations,
      schedulingGates: spec.schedulingGates,
      containers: withResources(before.containers, spec.containers),
      ...(before.initContainers === undefined
        ? {}
        : { initContainers: withResources(before.initContainers, spec.initContainers ?? []) }),
    },
  };
}

/** Affinity to nodes may change, to pods not. */
function changeableAffinity(wanted: Affinity | undefined, had: Affinity | undefined): Affinity | undefined {
  const allowed: Affinity = { ...had, nodeAffinity: wanted?.nodeAffinity };
  const isEmpty = Object.values(allowed).every((value) => value === undefined);
  return isEmpty && wanted === undefined ? undefined : allowed;
}

/** Requests and limits of the wanted containers; claims of devices stay. */
function withResources(had: readonly Container[], wanted: readonly Container[]): Container[] {
  return had.map((container, index) => {
    const { requests, limits } = wanted[index]?.resources ?? {};
    const resources = { ...container.resources, requests, limits };
    return sameValue(resources, container.resources) ? container : { ...container, resources };
  });
}
