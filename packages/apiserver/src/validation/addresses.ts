import ipaddr from 'ipaddr.js';
import { type FieldError, type FieldPath, invalid } from './field-error.js';

export type AddressFamily = 'IPv4' | 'IPv6';

/** The family of an address, `undefined` for what is none. */
export function familyOf(address: string): AddressFamily | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return 'IPv4';
  if (ipaddr.IPv6.isValid(address) && !address.includes('%')) return 'IPv6';
  return undefined;
}

/** A numeric address in the forms that upstream's older fields take; what the old object had stays allowed. */
export function validateAddress(
  address: string,
  field: FieldPath,
  existing: readonly string[] = [],
): FieldError[] {
  if (existing.includes(address)) return [];
  if (/^[0-9]+(\.[0-9]+){3}$/.test(address) && address.split('.').some((part) => /^0[0-9]/.test(part)))
    return [invalid(field, address, 'must not have leading 0s')];
  const family = familyOf(address);
  if (family === undefined)
    return [invalid(field, address, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')];
  if (family === 'IPv6' && ipaddr.IPv6.parse(address).isIPv4MappedAddress())
    return [invalid(field, address, 'must not be an IPv4-mapped IPv6 address')];
  return [];
}

/**
 * An address and a prefix length, in the forms that upstream's older fields take; what the old object had stays
 * allowed. Source: `IsValidCIDRForLegacyField`, strict as it is since 1.36.
 */
export function validateCidr(cidr: string, field: FieldPath, existing: readonly string[] = []): FieldError[] {
  if (existing.includes(cidr)) return [];
  const wrong = (detail: string) => [invalid(field, cidr, detail)];
  const [address = '', bits = '', ...rest] = cidr.split('/');
  const known = withoutLeadingZeros(address);
  const family = familyOf(known);
  const isPrefix = /^[0-9]+$/.test(bits) && Number(bits) <= (family === 'IPv4' ? 32 : 128);
  if (family === undefined || !isPrefix || rest.length > 0)
    return wrong('must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)');
  if (known !== address || /^0[0-9]/.test(bits))
    return wrong('must not have leading 0s in IP or prefix length');
  const parsed = ipaddr.parse(address);
  if (parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress())
    return wrong('must not have an IPv4-mapped IPv6 address');
  const network = (parsed instanceof ipaddr.IPv6 ? ipaddr.IPv6 : ipaddr.IPv4).networkAddressFromCIDR(cidr);
  return network.toString() === parsed.toString()
    ? []
    : wrong('must not have bits set beyond the prefix length');
}

/** The same for newer fields, which take one form only. Source: `IsValidCIDR`. */
export function validateCanonicalCidr(cidr: string, field: FieldPath): FieldError[] {
  const errors = validateCidr(cidr, field);
  if (errors.length > 0) return errors;
  const [address, bits] = ipaddr.parseCIDR(cidr);
  const written = address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString();
  const canonical = `${written}/${bits}`;
  return cidr === canonical
    ? []
    : [invalid(field, cidr, `must be in canonical form (${JSON.stringify(canonical)})`)];
}

/** An IPv4 address as it was meant by those who filled its numbers up. */
export function withoutLeadingZeros(address: string): string {
  return /^[0-9]+(\.[0-9]+){3}$/.test(address) ? address.replace(/(^|\.)0+(?=[0-9])/g, '$1') : address;
}

/**
 * An address that traffic may be sent to: none of those that mean the node itself or a link.
 * @param loopback CIDRs of loopback addresses that pass all the same
 */
export function validateEndpointAddress(
  address: string,
  field: FieldPath,
  loopback: readonly string[] = [],
): FieldError[] {
  if (familyOf(address) === undefined) return [];
  const ip = ipaddr.parse(address);
  const wrong = (detail: string) => [invalid(field, address, detail)];
  const range = ip.range();
  if (range === 'unspecified') return wrong(`may not be unspecified (${address})`);
  if (range === 'loopback' && !loopback.some((cidr) => isInRange(ip, cidr)))
    return wrong('may not be in the loopback range (127.0.0.0/8, ::1/128)');
  if (range === 'linkLocal') return wrong('may not be in the link-local range (169.254.0.0/16, fe80::/10)');
  if (
    ip.kind() === 'ipv4'
      ? ip.match(ipaddr.parseCIDR('224.0.0.0/24'))
      : ip.match(ipaddr.parseCIDR('ff02::/16'))
  )
    return wrong('may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)');
  return [];
}

function isInRange(ip: ipaddr.IPv4 | ipaddr.IPv6, cidr: string): boolean {
  const range = ipaddr.parseCIDR(cidr);
  return range[0].kind() === ip.kind() && ip.match(range);
}
