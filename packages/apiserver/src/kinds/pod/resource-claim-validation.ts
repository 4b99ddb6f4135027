import { dns1123LabelErrors, dns1123SubdomainErrors } from '@kubewright/api';
import type { PodResourceClaim, PodSpec } from '@kubewright/api/core/v1';
import type { ObjectMeta } from '@kubewright/api/meta/v1';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  path,
  required,
} from '../../validation/field-error.js';
import { validateFormat } from '../../validation/formats.js';

const mirror = 'kubernetes.io/config.mirror';

/** Devices that the pod wants. @param meta of a real pod; a template has none */
export function validateResourceClaims(
  { resourceClaims = [] }: PodSpec,
  meta: ObjectMeta | undefined,
  field: FieldPath,
): FieldError[] {
  const names = new Set<string>();
  return resourceClaims.flatMap((claim, index) => {
    if (meta?.annotations?.[mirror] !== undefined)
      return [forbiddenField(path(''), 'static pods do not support resource claims')];
    return validateClaim(claim, names, field.index(index));
  });
}

function validateClaim(claim: PodResourceClaim, names: Set<string>, field: FieldPath): FieldError[] {
  const { name, resourceClaimName, resourceClaimTemplateName } = claim;
  const errors: FieldError[] = [];
  if (!name) errors.push(required(field.child('name')));
  else if (names.has(name)) errors.push(duplicate(field.child('name'), name));
  else {
    errors.push(...validateFormat(dns1123LabelErrors, name, field.child('name')));
    names.add(name);
  }
  const wrong = (detail: string) =>
    errors.push(
      // Upstream shows the claim in its internal form here.
      invalid(
        field,
        {
          Name: name ?? '',
          ResourceClaimName: resourceClaimName ?? null,
          ResourceClaimTemplateName: resourceClaimTemplateName ?? null,
        },
        detail,
      ),
    );
  if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
    wrong('at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified');
  if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
    wrong('must specify one of: `resourceClaimName`, `resourceClaimTemplateName`');
  for (const key of ['resourceClaimName', 'resourceClaimTemplateName'] as const) {
    const value = claim[key];
    if (value !== undefined) errors.push(...validateFormat(dns1123SubdomainErrors, value, field.child(key)));
  }
  return errors;
}
