import type { CustomResourceDefinition } from '@kubewright/api/apiextensions/v1';
import { type FieldError, invalid, path, required } from '../../validation/field-error.js';

const annotation = 'api-approved.kubernetes.io';
const where = 'see https://github.com/kubernetes/enhancements/pull/1111';

type Approval = 'missing' | 'bypassed' | 'approved' | 'invalid';

/** Groups of the Kubernetes project are for definitions that it approved. Source: KEP-1111. */
export function validateApproval(
  { metadata, spec }: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): FieldError[] {
  if (!/(?:^|\.)(?:k8s|kubernetes)\.io$/.test(spec.group ?? '')) return [];
  const text = metadata.annotations?.[annotation] ?? '';
  const approval = approvalOf(text);
  if (old !== undefined && approvalOf(old.metadata.annotations?.[annotation] ?? '') === approval) return [];
  const field = path('metadata', 'annotations').key(annotation);
  const must = `protected groups must have approval annotation ${JSON.stringify(annotation)}`;
  if (approval === 'missing') return [required(field, `${must}, ${where}`)];
  if (approval === 'invalid')
    return [
      invalid(field, text, `${must} with either a URL or a reason starting with "unapproved", ${where}`),
    ];
  return [];
}

function approvalOf(text: string): Approval {
  if (text === '') return 'missing';
  if (text.startsWith('unapproved')) return 'bypassed';
  return URL.canParse(text) && new URL(text).host !== '' ? 'approved' : 'invalid';
}
