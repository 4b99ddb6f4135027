import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
} from '@kubewright/api/apiextensions/v1';
import { type FieldError, invalid, path, required } from '../../validation/field-error.js';

const annotation = 'api-approved.kubernetes.io';
const where = 'see https://github.com/kubernetes/enhancements/pull/1111';

type Approval = 'missing' | 'bypassed' | 'approved' | 'invalid';

/** Groups of the Kubernetes project are for definitions that it approved. Source: KEP-1111. */
export function validateApproval(
  { metadata, spec }: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): FieldError[] {
  if (!isProtected(spec.group)) return [];
  const text = metadata.annotations?.[annotation] ?? '';
  const approval = approvalOf(text);
  if (old !== undefined && approvalOf(old.metadata.annotations?.[annotation] ?? '') === approval) return [];
  const field = path('metadata', 'annotations').key(annotation);
  if (approval === 'missing') return [required(field, saysOf[approval](text))];
  return approval === 'invalid' ? [invalid(field, text, saysOf[approval](text))] : [];
}

/** What a definition of such a group says of its approval; undefined for others. Source: `apiapproval` of apiextensions. */
export function approvalCondition(
  group: string,
  annotations: Readonly<Record<string, string>> | undefined,
): CustomResourceDefinitionCondition | undefined {
  if (!isProtected(group)) return undefined;
  const text = annotations?.[annotation] ?? '';
  const approval = approvalOf(text);
  return {
    type: 'KubernetesAPIApprovalPolicyConformant',
    status: approval === 'approved' ? 'True' : 'False',
    reason: reasons[approval],
    message: saysOf[approval](text),
  };
}

const reasons: Readonly<Record<Approval, string>> = {
  missing: 'MissingAnnotation',
  bypassed: 'UnapprovedAnnotation',
  approved: 'ApprovedAnnotation',
  invalid: 'InvalidAnnotation',
};

const must = `protected groups must have approval annotation ${JSON.stringify(annotation)}`;
const saysOf: Readonly<Record<Approval, (text: string) => string>> = {
  missing: () => `${must}, ${where}`,
  bypassed: (text) => `not approved: ${JSON.stringify(text)}`,
  approved: (text) => `approved in ${text}`,
  invalid: () => `${must} with either a URL or a reason starting with "unapproved", ${where}`,
};

function isProtected(group = ''): boolean {
  return /(?:^|\.)(?:k8s|kubernetes)\.io$/.test(group);
}

function approvalOf(text: string): Approval {
  if (text === '') return 'missing';
  if (text.startsWith('unapproved')) return 'bypassed';
  return URL.canParse(text) && new URL(text).host !== '' ? 'approved' : 'invalid';
}
