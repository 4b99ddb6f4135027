import { qualifiedNameErrors } from '@kubewright/api';
import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyRule,
  SuccessPolicyRule,
} from '@kubewright/api/batch/v1';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalid,
  invalidWithoutValue,
  notSupported,
  required,
  tooLong,
  tooMany,
} from '../../validation/field-error.js';
import { validateFormat } from '../../validation/formats.js';
import { validateNonNegative } from '../../validation/numbers.js';
import { countIndexes, parseIndexRanges } from './index-ranges.js';

const maxRules = 20;
const maxExitCodes = 255;
const maxConditions = 20;
const maxSucceededIndexes = 64 * 1024;
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const operators = ['In', 'NotIn'];
const statuses = ['False', 'True', 'Unknown'];

/** What becomes of the job when a pod fails. Source: KEP-3329. */
export function validateFailurePolicy(spec: JobSpec, field: FieldPath): FieldError[] {
  const rules = spec.podFailurePolicy?.rules ?? [];
  const at = field.child('rules');
  const errors: FieldError[] = [];
  if (rules.length > maxRules) errors.push(tooMany(at, rules.length, maxRules));
  const pod = spec.template?.spec;
  const names = new Set([...(pod?.containers ?? []), ...(pod?.initContainers ?? [])].map(({ name }) => name));
  rules.forEach((rule, index) => {
    errors.push(...validateRule(rule, spec, names, at.index(index)));
  });
  return errors;
}

function validateRule(
  rule: PodFailurePolicyRule,
  spec: JobSpec,
  containers: ReadonlySet<string>,
  field: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const at = field.child('action');
  const { action, onExitCodes, onPodConditions = [] } = rule;
  if (!action) errors.push(required(at, validValues(actions)));
  else if (action === 'FailIndex') {
    if (spec.backoffLimitPerIndex === undefined)
      errors.push(invalid(at, action, 'requires the backoffLimitPerIndex to be set'));
  } else if (!actions.includes(action)) errors.push(notSupported(at, action, actions));
  if (onExitCodes !== undefined)
    errors.push(...validateExitCodes(onExitCodes, containers, field.child('onExitCodes')));
  const conditions = field.child('onPodConditions');
  if (onPodConditions.length > maxConditions)
    errors.push(tooMany(conditions, onPodConditions.length, maxConditions));
  onPodConditions.forEach(({ type, status }, index) => {
    const one = conditions.index(index);
    errors.push(...validateFormat(qualifiedNameErrors, type ?? '', one.child('type')));
    if (!status) errors.push(required(one.child('status'), validValues(statuses)));
    else if (!statuses.includes(status)) errors.push(notSupported(one.child('status'), status, statuses));
  });
  if (onExitCodes !== undefined && onPodConditions.length > 0)
    errors.push(
      invalidWithoutValue(field, 'specifying both OnExitCodes and OnPodConditions is not supported'),
    );
  if (onExitCodes === undefined && onPodConditions.length === 0)
    errors.push(invalidWithoutValue(field, 'specifying one of OnExitCodes and OnPodConditions is required'));
  return errors;
}

function validateExitCodes(
  requirement: PodFailurePolicyOnExitCodesRequirement,
  containers: ReadonlySet<string>,
  field: FieldPath,
): FieldError[] {
  const { operator, containerName } = requirement;
  const values = requirement.values ?? [];
  const errors: FieldError[] = [];
  if (!operator) errors.push(required(field.child('operator'), validValues(operators)));
  else if (!operators.includes(operator))
    errors.push(notSupported(field.child('operator'), operator, operators));
  if (containerName !== undefined && !containers.has(containerName))
    errors.push(
      invalid(
        field.child('containerName'),
        containerName,
        'must be one of the container or initContainer names in the pod template',
      ),
    );
  const at = field.child('values');
  if (values.length === 0) errors.push(invalid(at, null, 'at least one value is required'));
  else if (values.length > maxExitCodes) errors.push(tooMany(at, values.length, maxExitCodes));
  const seen = new Set<number>();
  values.forEach((value, index) => {
    if (operator === 'In' && value === 0)
      errors.push(invalid(at.index(index), value, 'must not be 0 for the In operator'));
    if (seen.has(value)) errors.push(duplicate(at.index(index), value));
    seen.add(value);
  });
  if (values.some((value, index) => index > 0 && (values[index - 1] ?? 0) > value))
    errors.push(invalid(at, values, 'must be ordered'));
  return errors;
}

/** Which indexes are enough for the whole. Source: KEP-3998. */
export function validateSuccessPolicy(spec: JobSpec, field: FieldPath): FieldError[] {
  const rules = spec.successPolicy?.rules ?? [];
  const at = field.child('rules');
  const errors: FieldError[] = [];
  if (rules.length === 0)
    errors.push(required(at, 'at least one rules must be specified when the successPolicy is specified'));
  if (rules.length > maxRules) errors.push(tooMany(at, rules.length, maxRules));
  rules.forEach((rule, index) => {
    errors.push(...validateSuccessRule(rule, spec.completions ?? 0, at.index(index)));
  });
  return errors;
}

function validateSuccessRule(
  { succeededCount, succeededIndexes }: SuccessPolicyRule,
  completions: number,
  field: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  if (succeededCount === undefined && succeededIndexes === undefined)
    errors.push(required(field, 'at least one of succeededCount or succeededIndexes must be specified'));
  let named = 0;
  if (succeededIndexes !== undefined) {
    const at = field.child('succeededIndexes');
    if (succeededIndexes.length > maxSucceededIndexes) errors.push(tooLong(at, maxSucceededIndexes));
    const ranges = parseIndexRanges(succeededIndexes, completions);
    if (typeof ranges === 'string')
      errors.push(invalid(at, succeededIndexes, `error parsing succeededIndexes: ${ranges}`));
    else named = countIndexes(ranges);
  }
  if (succeededCount === undefined) return errors;
  const at = field.child('succeededCount');
  const limit = (most: number, what: string) =>
    invalid(at, succeededCount, `must be less than or equal to ${most} (the number of ${what})`);
  errors.push(...validateNonNegative(succeededCount, at));
  if (succeededCount > completions) errors.push(limit(completions, 'specified completions'));
  if (succeededIndexes !== undefined && succeededCount > named)
    errors.push(limit(named, 'indexes in the specified succeededIndexes field'));
  return errors;
}

/** As upstream prints a list of values: `valid values: ["In" "NotIn"]`. */
function validValues(values: readonly string[]): string {
  return `valid values: [${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}
