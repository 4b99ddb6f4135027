import type { Service } from '@kubewright/api/core/v1';
import { familyOf, validateAddress } from '../../validation/addresses.js';
import { validateChoice } from '../../validation/choices.js';
import { duplicate, type FieldError, invalid, path, required } from '../../validation/field-error.js';
import { isHeadless } from './service-type.js';

/** The addresses, families and policy of a Service. Source: `ValidateServiceClusterIPsRelatedFields` of core. */
export function validateClusterIPs(service: Service, old: Service | undefined): FieldError[] {
  const spec = service.spec ?? {};
  if (spec.type === 'ExternalName') return [];
  const field = path('spec');
  const known = old?.spec?.clusterIPs;
  const addresses = spec.clusterIPs ?? [];
  const families = spec.ipFamilies ?? [];
  const at = field.child('clusterIPs');
  const errors: FieldError[] = [];
  if (spec.clusterIP) {
    if (addresses.length === 0) errors.push(required(at));
    else if (addresses[0] !== spec.clusterIP)
      errors.push(invalid(at, addresses, 'first value must match `clusterIP`'));
  } else if (addresses.length > 0)
    errors.push(invalid(at, addresses, 'must be empty when `clusterIP` is not specified'));
  const seen = new Set<string>();
  families.forEach((family, index) => {
    errors.push(...validateChoice(family, ['IPv4', 'IPv6'], field.child('ipFamilies').index(index)));
    if (seen.has(family)) errors.push(duplicate(field.child('ipFamilies').index(index), family));
    seen.add(family);
  });
  errors.push(
    ...validateChoice(
      spec.ipFamilyPolicy,
      ['PreferDualStack', 'RequireDualStack', 'SingleStack'],
      field.child('ipFamilyPolicy'),
    ),
  );
  const wrong = addresses.flatMap((address, index) => {
    if (index === 0 && address === 'None')
      return addresses.length > 1 ? [invalid(at, addresses, "'None' must be the first and only value")] : [];
    return validateAddress(address, at.index(index), known);
  });
  errors.push(...wrong);
  if (addresses.length > 2) errors.push(invalid(at, addresses, 'may only hold up to 2 values'));
  if (wrong.length > 0) return errors;
  if (addresses.length > 1 && new Set(addresses.map(familyOf)).size !== 2)
    errors.push(invalid(at, addresses, 'may specify no more than one IP for each IP family'));
  if (isHeadless(service)) return errors;
  addresses.forEach((address, index) => {
    const family = families[index];
    if ((family === 'IPv4' || family === 'IPv6') && familyOf(address) !== family)
      errors.push(
        invalid(
          at.index(index),
          address,
          `expected an ${family} value as indicated by \`ipFamilies[${index}]\``,
        ),
      );
  });
  return errors;
}
