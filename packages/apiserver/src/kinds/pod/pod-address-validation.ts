import type { PodStatus } from '@kubewright/api/core/v1';
import { familyOf, validateAddress, withoutLeadingZeros } from '../../validation/addresses.js';
import { type FieldError, type FieldPath, internalError, invalid } from '../../validation/field-error.js';

type Addresses = readonly { readonly ip: string }[];

/** One address, or one of each family. What was there before stays allowed. Source: `validatePodIPs` of core. */
export function validateAddresses(addresses: Addresses, old: Addresses, field: FieldPath): FieldError[] {
  const known = old.map(({ ip }) => ip);
  const errors = addresses.flatMap(({ ip }, index) => validateAddress(ip, field.index(index), known));
  if (addresses.length < 2) return errors;
  const families = addresses.map(({ ip }) => familyOf(withoutLeadingZeros(ip)));
  const wrong = families.indexOf(undefined);
  if (wrong >= 0)
    errors.push(
      internalError(
        field,
        `failed to check for dual stack with error:invalid IP[${wrong}]: ${addresses[wrong]?.ip}`,
      ),
    );
  if (wrong >= 0 || addresses.length > 2 || new Set(families).size !== 2) {
    // Upstream shows the list in its internal form here.
    const shown = addresses.map(({ ip }) => ({ IP: ip }));
    errors.push(invalid(field, shown, 'may specify no more than one IP for each IP family'));
  }
  return errors;
}

/** The one address of old clients is the first of the list. */
export function validateHostAddress({ hostIP = '', hostIPs }: PodStatus, field: FieldPath): FieldError[] {
  const first = hostIPs?.[0]?.ip;
  return first === undefined || first === hostIP
    ? []
    : [invalid(field.index(0).child('ip'), first, 'must be equal to `hostIP`')];
}
