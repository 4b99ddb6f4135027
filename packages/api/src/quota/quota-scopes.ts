import type { PersistentVolumeClaim, Pod, ResourceQuota } from '../generated/core/v1.js';
import type { KubernetesObject } from '../kind.js';
import { podResources } from '../pod-resources.js';
import { volumeAttributesClassesOf } from '../volume-attributes-classes.js';

type Requirement = NonNullable<
  NonNullable<NonNullable<ResourceQuota['spec']>['scopeSelector']>['matchExpressions']
>[number];

/**
 * Whether a quota's scopes take an object in. All of them must; only pods and claims have scopes. Source: the page on
 * resource quotas, "Quota scopes".
 */
export function matchesQuotaScopes(
  { spec }: ResourceQuota,
  plural: string,
  object: KubernetesObject,
): boolean {
  const requirements: Requirement[] = [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ];
  if (requirements.length === 0) return true;
  if (plural === 'persistentvolumeclaims')
    return requirements.every((requirement) => matchesClaim(requirement, object as PersistentVolumeClaim));
  return plural === 'pods' && requirements.every((requirement) => matchesPod(requirement, object as Pod));
}

/** A claim on its way from one class to another is of both. */
function matchesClaim(
  { scopeName, operator, values = [] }: Requirement,
  claim: PersistentVolumeClaim,
): boolean {
  if (scopeName !== 'VolumeAttributesClass') return false;
  const names = volumeAttributesClassesOf(claim);
  return (names.length === 0 ? [''] : names).some((name) => selects(operator, values, name));
}

function matchesPod({ scopeName, operator, values = [] }: Requirement, pod: Pod): boolean {
  const { spec } = pod;
  switch (scopeName) {
    case 'Terminating':
      return spec?.activeDeadlineSeconds !== undefined;
    case 'NotTerminating':
      return spec?.activeDeadlineSeconds === undefined;
    case 'BestEffort':
      return isBestEffort(pod);
    case 'NotBestEffort':
      return !isBestEffort(pod);
    case 'CrossNamespacePodAffinity':
      return looksAcrossNamespaces(pod);
    case 'PriorityClass':
      return selects(operator, values, spec?.priorityClassName ?? '');
    default:
      return false;
  }
}

function selects(operator: string, values: readonly string[], name: string): boolean {
  switch (operator) {
    case 'Exists':
      return name !== '';
    case 'DoesNotExist':
      return name === '';
    case 'In':
      return name !== '' && values.includes(name);
    case 'NotIn':
      return !values.includes(name);
    default:
      return false;
  }
}

function isBestEffort({ spec }: Pod): boolean {
  if (spec === undefined) return true;
  return (['requests', 'limits'] as const).every((of) => {
    const { cpu, memory } = podResources(spec, of);
    return (cpu?.nanos ?? 0n) === 0n && (memory?.nanos ?? 0n) === 0n;
  });
}

function looksAcrossNamespaces({ spec }: Pod): boolean {
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  const terms = [podAffinity, podAntiAffinity].flatMap((affinity) => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
      ({ podAffinityTerm }) => podAffinityTerm,
    ),
  ]);
  return terms.some((term) => (term.namespaces ?? []).length > 0 || term.namespaceSelector !== undefined);
}
