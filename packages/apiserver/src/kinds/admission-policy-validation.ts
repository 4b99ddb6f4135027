import { dns1123SubdomainErrors, qualifiedNameErrors } from '@kubewright/api';
import type {
  AuditAnnotation,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
  Variable,
} from '@kubewright/api/admissionregistration/v1';
import { expressionErrors } from '../admission/policy/expression.js';
import { appliedObject, jsonPatchOperation } from '../admission/policy/mutation-types.js';
import { type PolicyEnvironments, policyEnvironments } from '../admission/policy/policy-environments.js';
import { BOOL, listOf, NULL, STRING } from '../cel/types.js';
import { validateChoice, validateRequiredChoice } from '../validation/choices.js';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalid,
  notSupported,
  path,
  required,
} from '../validation/field-error.js';
import { validateFormat } from '../validation/formats.js';
import {
  failurePolicies,
  validateMatch,
  validateMatchConditions,
  validateMutatedMatch,
  validateParamKind,
  validateParamRef,
} from './admission-rule-validation.js';

const maxAuditAnnotations = 20;
const maxValueExpression = 5 * 1024;

/** A policy but for its metadata. */
export function validateValidatingPolicy({ metadata, spec }: ValidatingAdmissionPolicy): FieldError[] {
  const field = path('spec');
  const { validations = [], auditAnnotations = [] } = spec ?? {};
  const environments = policyEnvironments(spec ?? {});
  const errors = validatePolicy(spec ?? {}, field, { environments, validateMatch });
  if (validations.length === 0 && auditAnnotations.length === 0) {
    const detail = 'validations or auditAnnotations must contain at least one item';
    return [
      ...errors,
      required(field.child('validations'), detail),
      required(field.child('auditAnnotations'), detail),
    ];
  }
  validations.forEach((validation, index) => {
    errors.push(...validateValidation(validation, field.child('validations').index(index), environments));
  });
  const at = field.child('auditAnnotations');
  if (auditAnnotations.length > maxAuditAnnotations)
    errors.push(
      invalid(at, auditAnnotations, `must not have more than ${maxAuditAnnotations} auditAnnotations`),
    );
  const keys = new Set<string>();
  auditAnnotations.forEach((annotation, index) => {
    errors.push(
      ...validateAuditAnnotation(annotation, at.index(index), { policy: metadata.name ?? '', environments }),
    );
    if (keys.has(annotation.key)) errors.push(duplicate(at.index(index).child('key'), annotation.key));
    keys.add(annotation.key);
  });
  return errors;
}

const patchTypes = ['ApplyConfiguration', 'JSONPatch'];

export function validateMutatingPolicy({ spec }: MutatingAdmissionPolicy): FieldError[] {
  const field = path('spec');
  const environments = policyEnvironments(spec ?? {});
  const errors = validatePolicy(spec ?? {}, field, { environments, validateMatch: validateMutatedMatch });
  const at = field.child('mutations');
  const mutations = spec?.mutations ?? [];
  if (mutations.length === 0) errors.push(required(at, 'mutations must contain at least one item'));
  mutations.forEach(({ patchType, applyConfiguration, jsonPatch }, index) => {
    const one = at.index(index);
    if (!patchType) {
      errors.push(required(one.child('patchType')));
      return;
    }
    const [name, patch] =
      patchType === 'ApplyConfiguration'
        ? (['applyConfiguration', applyConfiguration] as const)
        : (['jsonPatch', jsonPatch] as const);
    if (!patchTypes.includes(patchType))
      errors.push(notSupported(one.child('patchType'), patchType, patchTypes));
    else if (patch === undefined)
      errors.push(required(one.child(name), `must be specified when patchType is ${patchType}`));
    else if (!patch.expression?.trim()) errors.push(required(one.child(name, 'expression')));
    else
      errors.push(
        ...expressionErrors(patch.expression, one.child(name, 'expression'), {
          environment: environments.forMutations,
          results: [patchType === 'ApplyConfiguration' ? appliedObject : listOf(jsonPatchOperation)],
        }),
      );
    const other = patchType === 'ApplyConfiguration' ? 'jsonPatch' : 'applyConfiguration';
    const isOther = { jsonPatch, applyConfiguration }[other] !== undefined;
    if (isOther && patchTypes.includes(patchType))
      errors.push(
        invalid(one.child(other), `{${other}}`, `must not be specified when patchType is ${patchType}`),
      );
  });
  errors.push(
    ...validateRequiredChoice(
      spec?.reinvocationPolicy,
      ['IfNeeded', 'Never'],
      field.child('reinvocationPolicy'),
    ),
  );
  return errors;
}

/** How the match of a kind of policy is looked at. */
type MatchValidation = typeof validateMatch;

/** What both kinds of policy have in common. */
function validatePolicy(
  spec: NonNullable<ValidatingAdmissionPolicy['spec'] | MutatingAdmissionPolicy['spec']>,
  field: FieldPath,
  {
    environments,
    validateMatch,
  }: { readonly environments: PolicyEnvironments; readonly validateMatch: MatchValidation },
): FieldError[] {
  const errors = validateChoice(spec.failurePolicy, failurePolicies, field.child('failurePolicy'));
  if (spec.paramKind !== undefined)
    errors.push(...validateParamKind(spec.paramKind, field.child('paramKind')));
  const match = field.child('matchConstraints');
  if (spec.matchConstraints === undefined) errors.push(required(match));
  else {
    errors.push(...validateMatch(spec.matchConstraints, match));
    if (!spec.matchConstraints.resourceRules?.length) errors.push(required(match.child('resourceRules')));
  }
  errors.push(
    ...validateMatchConditions(
      spec.matchConditions ?? [],
      field.child('matchConditions'),
      spec.paramKind !== undefined,
    ),
  );
  (spec.variables ?? []).forEach((variable, index) => {
    const at = field.child('variables').index(index);
    errors.push(...validateVariable(variable, at));
    const problem = environments.variables[index]?.expression.problem;
    if (problem !== undefined && variable.expression?.trim())
      errors.push(invalid(at.child('expression'), variable.expression, problem));
  });
  return errors;
}

const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

function validateVariable({ name, expression }: Variable, field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (!name?.trim()) errors.push(required(field.child('name'), 'name is not specified'));
  else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) || reserved.has(name))
    errors.push(invalid(field.child('name'), name, 'must be a valid CEL identifier'));
  if (!expression?.trim()) errors.push(required(field.child('expression'), 'expression is not specified'));
  return errors;
}

const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];

function validateValidation(
  { expression, message = '', messageExpression = '', reason }: Validation,
  field: FieldPath,
  { environment, forMessages }: PolicyEnvironments,
): FieldError[] {
  const errors: FieldError[] = [];
  const at = field.child('expression');
  if (!expression?.trim()) errors.push(required(at, 'expression is not specified'));
  else errors.push(...expressionErrors(expression, at, { environment, results: [BOOL] }));
  const messageAt = field.child('messageExpression');
  if (messageExpression !== '' && messageExpression.trim() === '')
    errors.push(invalid(messageAt, messageExpression, 'must be non-empty if specified'));
  else if (messageExpression !== '')
    errors.push(
      ...expressionErrors(messageExpression, messageAt, { environment: forMessages, results: [STRING] }),
    );
  if (message !== '' && message.trim() === '')
    errors.push(invalid(field.child('message'), message, 'must be non-empty if specified'));
  else if (/[\n\r]/.test(message.trim()))
    errors.push(invalid(field.child('message'), message, 'must not contain line breaks'));
  return [...errors, ...validateChoice(reason, reasons, field.child('reason'))];
}

function validateAuditAnnotation(
  { key, valueExpression }: AuditAnnotation,
  field: FieldPath,
  { policy, environments }: { readonly policy: string; readonly environments: PolicyEnvironments },
): FieldError[] {
  const errors =
    policy === ''
      ? [invalid(field.child('key'), key, 'requires metadata.name be non-empty')]
      : validateFormat(qualifiedNameErrors, `${policy}/${key}`, field.child('key'));
  const at = field.child('valueExpression');
  const expression = (valueExpression ?? '').trim();
  if (expression === '') errors.push(required(at, 'valueExpression is not specified'));
  else if (Buffer.byteLength(expression) > maxValueExpression)
    errors.push(required(at, `must not exceed ${maxValueExpression} bytes in length`));
  else
    errors.push(
      ...expressionErrors(valueExpression, at, {
        environment: environments.environment,
        results: [STRING, NULL],
      }),
    );
  return errors;
}

const actions = ['Audit', 'Deny', 'Warn'];

export function validateValidatingBinding({ spec }: ValidatingAdmissionPolicyBinding): FieldError[] {
  const field = path('spec');
  const at = field.child('validationActions');
  const wanted = spec?.validationActions ?? [];
  const errors = validateBinding(spec, field, validateMatch);
  wanted.forEach((action, index) => {
    if (!actions.includes(action)) errors.push(notSupported(at.index(index), action, actions));
    if (wanted.indexOf(action) < index) errors.push(duplicate(at.index(index), action));
  });
  if (wanted.includes('Deny') && wanted.includes('Warn'))
    errors.push(
      invalid(
        at,
        wanted,
        'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ),
    );
  if (wanted.length === 0) errors.push(required(at, 'at least one validation action is required'));
  return errors;
}

export function validateMutatingBinding({ spec }: MutatingAdmissionPolicyBinding): FieldError[] {
  return validateBinding(spec, path('spec'), validateMutatedMatch);
}

function validateBinding(
  spec: ValidatingAdmissionPolicyBinding['spec'] | MutatingAdmissionPolicyBinding['spec'],
  field: FieldPath,
  validateMatch: MatchValidation,
): FieldError[] {
  const at = field.child('policyName');
  return [
    ...(spec?.policyName ? validateFormat(dns1123SubdomainErrors, spec.policyName, at) : [required(at)]),
    ...validateParamRef(spec?.paramRef, field.child('paramRef')),
    ...validateMatch(spec?.matchResources, field.child('matchResources')),
  ];
}
