import {
  dns1123LabelErrors,
  dns1123SubdomainErrors,
  labelValueErrors,
  qualifiedNameErrors,
} from '@kubewright/api';
import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  PodSchedulingGate,
  Toleration,
  TopologySpreadConstraint,
} from '@kubewright/api/core/v1';
import type { LabelSelector } from '@kubewright/api/meta/v1';
import { validateChoice } from '../../validation/choices.js';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  notSupported,
  required,
} from '../../validation/field-error.js';
import { validateFormat } from '../../validation/formats.js';
import { validateLabelKey, validateLabelSelector } from '../../validation/label-selector.js';
import { validatePositive } from '../../validation/numbers.js';

export const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function validateTolerations(tolerations: readonly Toleration[], field: FieldPath): FieldError[] {
  return tolerations.flatMap((toleration, index) => {
    const at = field.index(index);
    const { key = '', operator = '', value = '', effect = '' } = toleration;
    const errors: FieldError[] = [];
    if (key !== '') errors.push(...validateLabelKey(key, at.child('key')));
    else if (operator !== 'Exists')
      errors.push(
        invalid(
          at.child('operator'),
          operator,
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    if (toleration.tolerationSeconds !== undefined && effect !== 'NoExecute')
      errors.push(
        invalid(at.child('effect'), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"),
      );
    if (operator === 'Equal' || operator === '') {
      const wrong = labelValueErrors(value);
      if (wrong.length > 0) errors.push(invalid(at.child('operator'), value, wrong.join(';')));
    } else if (operator === 'Exists') {
      if (value !== '')
        errors.push(invalid(at.child('operator'), value, "value must be empty when `operator` is 'Exists'"));
    } else errors.push(notSupported(at.child('operator'), operator, ['Equal', 'Exists']));
    if (effect !== '') errors.push(...validateChoice(effect, taintEffects, at.child('effect')));
    return errors;
  });
}

export function validateAffinity(affinity: Affinity | undefined, field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const node = affinity?.nodeAffinity;
  if (node?.requiredDuringSchedulingIgnoredDuringExecution !== undefined)
    errors.push(
      ...validateNodeSelector(
        node.requiredDuringSchedulingIgnoredDuringExecution,
        field.child('nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution'),
      ),
    );
  (node?.preferredDuringSchedulingIgnoredDuringExecution ?? []).forEach(({ weight, preference }, index) => {
    const at = field.child('nodeAffinity', 'preferredDuringSchedulingIgnoredDuringExecution').index(index);
    errors.push(...validateWeight(weight, at.child('weight')));
    errors.push(...validateNodeTerm(preference, at.child('preference'), { anyValues: true }));
  });
  for (const name of ['podAffinity', 'podAntiAffinity'] as const) {
    const pods = affinity?.[name];
    const required = field.child(name, 'requiredDuringSchedulingIgnoredDuringExecution');
    const preferred = field.child(name, 'preferredDuringSchedulingIgnoredDuringExecution');
    (pods?.requiredDuringSchedulingIgnoredDuringExecution ?? []).forEach((term, index) => {
      errors.push(...validatePodTerm(term, required.index(index)));
    });
    (pods?.preferredDuringSchedulingIgnoredDuringExecution ?? []).forEach(
      ({ weight, podAffinityTerm = { topologyKey: '' } }, index) => {
        errors.push(...validateWeight(weight, preferred.index(index).child('weight')));
        errors.push(...validatePodTerm(podAffinityTerm, preferred.index(index).child('podAffinityTerm')));
      },
    );
  }
  return errors;
}

function validateWeight(weight: number | undefined, field: FieldPath): FieldError[] {
  return weight !== undefined && weight > 0 && weight <= 100
    ? []
    : [invalid(field, weight ?? 0, 'must be in the range 1-100')];
}

/** Nodes by their labels and fields, as pods and PersistentVolumes require them. */
export function validateNodeSelector(selector: NodeSelector, field: FieldPath): FieldError[] {
  const at = field.child('nodeSelectorTerms');
  const terms = selector.nodeSelectorTerms ?? [];
  if (terms.length === 0) return [required(at, 'must have at least one node selector term')];
  return terms.flatMap((term, index) => validateNodeTerm(term, at.index(index), { anyValues: false }));
}

function validateNodeTerm(
  term: NodeSelectorTerm | undefined,
  field: FieldPath,
  options: { readonly anyValues: boolean },
): FieldError[] {
  return [
    ...(term?.matchExpressions ?? []).flatMap((requirement, index) =>
      validateNodeRequirement(requirement, field.child('matchExpressions').index(index), options),
    ),
    ...(term?.matchFields ?? []).flatMap((requirement, index) =>
      validateNodeField(requirement, field.child('matchFields').index(index)),
    ),
  ];
}

function validateNodeRequirement(
  { key, operator, values = [] }: NodeSelectorRequirement,
  field: FieldPath,
  options: { readonly anyValues: boolean },
): FieldError[] {
  const at = field.child('values');
  const errors: FieldError[] = [];
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0)
      errors.push(required(at, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0)
      errors.push(forbiddenField(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  } else if (operator === 'Gt' || operator === 'Lt') {
    if (values.length !== 1)
      errors.push(required(at, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
  } else errors.push(invalid(field.child('operator'), operator ?? '', 'not a valid selector operator'));
  errors.push(...validateLabelKey(key ?? '', field.child('key')));
  if (!options.anyValues)
    errors.push(
      ...values.flatMap((value, index) => validateFormat(labelValueErrors, value, at.index(index))),
    );
  return errors;
}

function validateNodeField(
  { key, operator, values = [] }: NodeSelectorRequirement,
  field: FieldPath,
): FieldError[] {
  const at = field.child('values');
  const errors: FieldError[] = [];
  if (operator !== 'In' && operator !== 'NotIn')
    errors.push(invalid(field.child('operator'), operator ?? '', 'not a valid selector operator'));
  else if (values.length !== 1)
    errors.push(
      required(at, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"),
    );
  if (key !== 'metadata.name')
    errors.push(invalid(field.child('key'), key ?? '', 'not a valid field selector key'));
  else
    errors.push(
      ...values.flatMap((value, index) => validateFormat(dns1123SubdomainErrors, value, at.index(index))),
    );
  return errors;
}

function validatePodTerm(term: PodAffinityTerm, field: FieldPath): FieldError[] {
  const topologyKey = term.topologyKey ?? '';
  return [
    ...validateLabelSelector(term.labelSelector, field.child('labelSelector')),
    ...validateLabelSelector(term.namespaceSelector, field.child('namespaceSelector')),
    ...(term.namespaces ?? []).flatMap((name) =>
      validateFormat(dns1123LabelErrors, name, field.child('namespace')),
    ),
    ...validateLabelKeys(term, field),
    ...(topologyKey === '' ? [required(field.child('topologyKey'), 'can not be empty')] : []),
    ...validateLabelKey(topologyKey, field.child('topologyKey')),
  ];
}

/** Keys whose values are taken from the incoming pod. Source: KEP-3633. */
function validateLabelKeys(
  term: {
    matchLabelKeys?: string[] | undefined;
    mismatchLabelKeys?: string[] | undefined;
    labelSelector?: LabelSelector | undefined;
  },
  field: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ['matchLabelKeys', 'mismatchLabelKeys'] as const) {
    const keys = term[name] ?? [];
    const at = field.child(name);
    if (keys.length === 0) continue;
    if (term.labelSelector === undefined)
      errors.push(forbiddenField(at, 'must not be specified when labelSelector is not set'));
    else errors.push(...keys.flatMap((key, index) => validateLabelKey(key, at.index(index))));
  }
  const mismatching = new Set(term.mismatchLabelKeys);
  (term.matchLabelKeys ?? []).forEach((key, index) => {
    if (mismatching.has(key))
      errors.push(
        invalid(
          field.child('matchLabelKeys').index(index),
          key,
          'exists in both matchLabelKeys and mismatchLabelKeys',
        ),
      );
  });
  return errors;
}

export function validateSpread(
  constraints: readonly TopologySpreadConstraint[],
  field: FieldPath,
): FieldError[] {
  return constraints.flatMap((constraint, index) => {
    const at = field.index(index);
    const { topologyKey = '', whenUnsatisfiable = '', minDomains } = constraint;
    const errors = validatePositive(constraint.maxSkew, at.child('maxSkew'));
    if (topologyKey === '') errors.push(required(at.child('topologyKey'), 'can not be empty'));
    errors.push(
      ...validateChoice(
        whenUnsatisfiable,
        ['DoNotSchedule', 'ScheduleAnyway'],
        at.child('whenUnsatisfiable'),
      ),
    );
    const repeated = constraints
      .slice(index + 1)
      .some((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable);
    if (repeated)
      errors.push(
        duplicate(at.child('{topologyKey, whenUnsatisfiable}'), `{${topologyKey}, ${whenUnsatisfiable}}`),
      );
    if (minDomains !== undefined) {
      errors.push(...validatePositive(minDomains, at.child('minDomains')));
      if (whenUnsatisfiable !== 'DoNotSchedule')
        errors.push(
          invalid(
            at.child('minDomains'),
            minDomains,
            `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`,
          ),
        );
    }
    errors.push(
      ...validateChoice(constraint.nodeAffinityPolicy, ['Honor', 'Ignore'], at.child('nodeAffinityPolicy')),
      ...validateChoice(constraint.nodeTaintsPolicy, ['Honor', 'Ignore'], at.child('nodeTaintsPolicy')),
      ...validateLabelKeys(constraint, at),
      ...validateLabelSelector(constraint.labelSelector, at.child('labelSelector')),
    );
    return errors;
  });
}

export function validateSchedulingGates(gates: readonly PodSchedulingGate[], field: FieldPath): FieldError[] {
  const seen = new Set<string>();
  return gates.flatMap(({ name = '' }, index) => {
    const errors = validateFormat(qualifiedNameErrors, name, field.index(index));
    if (seen.has(name)) errors.push(duplicate(field.index(index), name));
    seen.add(name);
    return errors;
  });
}
