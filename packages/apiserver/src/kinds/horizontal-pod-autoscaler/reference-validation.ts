import { pathSegmentErrors } from '@kubewright/api';
import type { CrossVersionObjectReference } from '@kubewright/api/autoscaling/v2';
import { type FieldError, type FieldPath, invalid, required } from '../../validation/field-error.js';
import { validateFormat } from '../../validation/formats.js';

/** Another object by kind, name and version. `needsGroup`: the version must say a group, too. */
export function validateReference(
  reference: CrossVersionObjectReference | undefined,
  field: FieldPath,
  needsGroup: boolean,
): FieldError[] {
  const errors = (['kind', 'name'] as const).flatMap((name) => {
    const value = reference?.[name] ?? '';
    const at = field.child(name);
    return value === '' ? [required(at)] : validateFormat(pathSegmentErrors, value, at);
  });
  const { apiVersion = '' } = reference ?? {};
  const wrong = versionError(apiVersion, needsGroup);
  return wrong === undefined ? errors : [...errors, invalid(field.child('apiVersion'), apiVersion, wrong)];
}

function versionError(apiVersion: string, needsGroup: boolean): string | undefined {
  const parts = apiVersion.split('/');
  if (parts.length > 2) return `unexpected GroupVersion string: ${apiVersion}`;
  const hasGroup = parts.length === 2 && parts[0] !== '';
  return needsGroup && !hasGroup ? 'apiVersion must specify API group' : undefined;
}
