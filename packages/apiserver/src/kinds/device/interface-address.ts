import ipaddr from 'ipaddr.js';
import { type FieldError, type FieldPath, invalid } from '../../validation/field-error.js';

/** An address with the length of its network's prefix, in canonical form. Source: `IsValidInterfaceAddress`. */
export function validateInterfaceAddress(value: string, field: FieldPath): FieldError[] {
  if (!ipaddr.isValidCIDR(value))
    return [
      invalid(field, value, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)'),
    ];
  const [address, length] = ipaddr.parseCIDR(value);
  const mapped = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress();
  const canonical = mapped
    ? `${address.toIPv4Address()}/${length > 32 ? length - 96 : length}`
    : `${address}/${length}`;
  return value === canonical
    ? []
    : [invalid(field, value, `must be in canonical form (${JSON.stringify(canonical)})`)];
}
