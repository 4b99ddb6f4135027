import { isDeepStrictEqual } from 'node:util';
import {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  type ParamKind,
  type ParamRef,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from '@kubewright/api/admissionregistration/v1';
import type { LabelSelector } from '@kubewright/api/meta/v1';
import { type KnownKinds, typeWarnings } from '../admission/policy/type-check.js';
import { validatePolicyStatus } from './admission-policy-status.js';
import {
  validateMutatingBinding,
  validateMutatingPolicy,
  validateValidatingBinding,
  validateValidatingPolicy,
} from './admission-policy-validation.js';
import { ageColumn, integer, nameColumn, orUnset, text } from './columns.js';
import { defineRules, objectMeta } from './kind-rules.js';
import { validateWebhooks } from './webhook-validation.js';

/** What both kinds of webhooks leave out. */
interface Webhook {
  failurePolicy?: string | undefined;
  matchPolicy?: string | undefined;
  namespaceSelector?: object | undefined;
  objectSelector?: object | undefined;
  timeoutSeconds?: number | undefined;
  clientConfig?: { service?: { port?: number | undefined } | undefined } | undefined;
  rules?: { scope?: string | undefined }[] | undefined;
}

function defaultWebhook(webhook: Webhook): void {
  webhook.failurePolicy ??= 'Fail';
  webhook.matchPolicy ??= 'Equivalent';
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= 10;
  if (webhook.clientConfig?.service !== undefined) webhook.clientConfig.service.port ??= 443;
  for (const rule of webhook.rules ?? []) rule.scope ??= '*';
}

export const mutatingWebhookConfigurationRules = defineRules<MutatingWebhookConfiguration>({
  kind: MutatingWebhookConfiguration,
  metadataChecks: 'any finalizer',
  needsResourceVersion: true,
  storageKey: 'mutatingwebhookconfigurations',
  generation: true,
  default({ webhooks }) {
    for (const webhook of webhooks ?? []) {
      defaultWebhook(webhook);
      webhook.reinvocationPolicy ??= 'Never';
    }
  },
  validate: ({ webhooks }) => validateWebhooks(webhooks),
  columns: [
    nameColumn,
    integer('Webhooks', 'How many webhooks are called.', ({ webhooks }) => (webhooks ?? []).length),
    ageColumn,
  ],
});

export const validatingWebhookConfigurationRules = defineRules<ValidatingWebhookConfiguration>({
  kind: ValidatingWebhookConfiguration,
  metadataChecks: 'any finalizer',
  needsResourceVersion: true,
  storageKey: 'validatingwebhookconfigurations',
  generation: true,
  default({ webhooks }) {
    for (const webhook of webhooks ?? []) defaultWebhook(webhook);
  },
  validate: ({ webhooks }) => validateWebhooks(webhooks),
  columns: [
    nameColumn,
    integer('Webhooks', 'How many webhooks are called.', ({ webhooks }) => (webhooks ?? []).length),
    ageColumn,
  ],
});

export const validatingAdmissionPolicyRules = defineRules<ValidatingAdmissionPolicy>({
  kind: ValidatingAdmissionPolicy,
  statusKeeps: objectMeta,
  metadataChecks: 'any finalizer',
  needsResourceVersion: true,
  storageKey: 'validatingadmissionpolicies',
  generation: true,
  default({ spec }) {
    if (spec !== undefined) spec.failurePolicy ??= 'Fail';
    defaultMatch(spec?.matchConstraints);
  },
  prepareForCreate(policy, { kinds }) {
    policy.status = checkedStatus(policy, 1, kinds);
  },
  prepareForUpdate(policy, old, { kinds }) {
    if (isDeepStrictEqual(policy.spec, old.spec)) return;
    policy.status = { ...policy.status, ...checkedStatus(policy, (old.metadata.generation ?? 0) + 1, kinds) };
  },
  validate: validateValidatingPolicy,
  subresources: { status: { validateUpdate: validatePolicyStatus } },
  columns: [
    nameColumn,
    integer('Validations', 'How many rules there are.', ({ spec }) => (spec?.validations ?? []).length),
    text('ParamKind', 'Kind of the parameters.', ({ spec }) => paramKindText(spec?.paramKind)),
    ageColumn,
  ],
});

/** Types are checked when a policy is written, where upstream has a controller do it a moment later. */
function checkedStatus(
  policy: ValidatingAdmissionPolicy,
  observedGeneration: number,
  kinds: KnownKinds,
): NonNullable<ValidatingAdmissionPolicy['status']> {
  const expressionWarnings = typeWarnings(policy, kinds);
  return {
    observedGeneration,
    typeChecking: expressionWarnings.length === 0 ? {} : { expressionWarnings },
  };
}

export const mutatingAdmissionPolicyRules = defineRules<MutatingAdmissionPolicy>({
  kind: MutatingAdmissionPolicy,
  metadataChecks: 'any finalizer',
  needsResourceVersion: true,
  storageKey: 'mutatingadmissionpolicies',
  generation: true,
  default({ spec }) {
    if (spec !== undefined) spec.failurePolicy ??= 'Fail';
    defaultMatch(spec?.matchConstraints);
  },
  validate: validateMutatingPolicy,
  columns: [
    nameColumn,
    integer('Mutations', 'How many changes there are.', ({ spec }) => (spec?.mutations ?? []).length),
    text('ParamKind', 'Kind of the parameters.', ({ spec }) => paramKindText(spec?.paramKind)),
    ageColumn,
  ],
});

export const validatingAdmissionPolicyBindingRules = defineRules<ValidatingAdmissionPolicyBinding>({
  kind: ValidatingAdmissionPolicyBinding,
  metadataChecks: 'any finalizer',
  needsResourceVersion: true,
  storageKey: 'validatingadmissionpolicybindings',
  generation: true,
  default({ spec }) {
    defaultMatch(spec?.matchResources);
  },
  validate: validateValidatingBinding,
  columns: [
    nameColumn,
    text('PolicyName', 'The policy that is bound.', ({ spec }) => spec?.policyName ?? ''),
    text('ParamRef', 'Where the parameters are.', ({ spec }) => paramRefText(spec?.paramRef)),
    ageColumn,
  ],
});

export const mutatingAdmissionPolicyBindingRules = defineRules<MutatingAdmissionPolicyBinding>({
  kind: MutatingAdmissionPolicyBinding,
  metadataChecks: 'any finalizer',
  needsResourceVersion: true,
  storageKey: 'mutatingadmissionpolicybindings',
  generation: true,
  default({ spec }) {
    defaultMatch(spec?.matchResources);
  },
  validate: validateMutatingBinding,
  columns: [
    nameColumn,
    text('PolicyName', 'The policy that is bound.', ({ spec }) => spec?.policyName ?? ''),
    text('ParamRef', 'Where the parameters are.', ({ spec }) => paramRefText(spec?.paramRef)),
    ageColumn,
  ],
});

function defaultMatch(
  match:
    | {
        matchPolicy?: string | undefined;
        namespaceSelector?: object | undefined;
        objectSelector?: object | undefined;
        resourceRules?: { scope?: string | undefined }[] | undefined;
        excludeResourceRules?: { scope?: string | undefined }[] | undefined;
      }
    | undefined,
): void {
  if (match === undefined) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  for (const rule of [...(match.resourceRules ?? []), ...(match.excludeResourceRules ?? [])])
    rule.scope ??= '*';
}

function paramKindText(kind: ParamKind | undefined): string {
  return orUnset(kind === undefined ? undefined : `${kind.apiVersion ?? ''}/${kind.kind ?? ''}`);
}

/** As Go prints the structure, which is what upstream shows. */
function printedSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const labels = Object.keys(matchLabels)
    .sort()
    .map((key) => `${key}: ${matchLabels[key]},`);
  const expressions = matchExpressions.map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`;
}

function paramRefText(ref: ParamRef | undefined): string {
  if (ref?.name) return `${ref.namespace || '*'}/${ref.name}`;
  return ref?.selector === undefined ? '<unset>' : printedSelector(ref.selector);
}
