import { dns1123SubdomainWithUnderscoreErrors } from '@kubewright/api';
import type { PodSpec } from '@kubewright/api/core/v1';
import { validateAddress } from '../../validation/addresses.js';
import { type FieldError, type FieldPath, invalid, required } from '../../validation/field-error.js';

/** Limits of the resolver of Linux. */
const maxNameservers = 3;
const maxSearches = 32;
const maxSearchLength = 2048;

export function validateDnsConfig({ dnsConfig, dnsPolicy }: PodSpec, field: FieldPath): FieldError[] {
  if (dnsPolicy === 'None') {
    if (dnsConfig === undefined)
      return [required(field, 'must provide `dnsConfig` when `dnsPolicy` is None')];
    if (!dnsConfig.nameservers?.length)
      return [
        required(
          field.child('nameservers'),
          'must provide at least one DNS nameserver when `dnsPolicy` is None',
        ),
      ];
  }
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {};
  const errors: FieldError[] = [];
  if (nameservers.length > maxNameservers)
    errors.push(
      invalid(
        field.child('nameservers'),
        nameservers,
        `must not have more than ${maxNameservers} nameservers`,
      ),
    );
  nameservers.forEach((server, index) => {
    errors.push(...validateAddress(server, field.child('nameservers').index(index)));
  });
  if (searches.length > maxSearches)
    errors.push(
      invalid(field.child('searches'), searches, `must not have more than ${maxSearches} search paths`),
    );
  if (searches.join(' ').length > maxSearchLength)
    errors.push(
      invalid(
        field.child('searches'),
        searches,
        `must not have more than ${maxSearchLength} characters (including spaces) in the search list`,
      ),
    );
  searches.forEach((search, index) => {
    if (search === '.') return;
    const name = search.replace(/\.$/, '');
    // Underscores may stand where letters may (SRV records). Source: KEP-4427.
    const wrong = dns1123SubdomainWithUnderscoreErrors(name);
    errors.push(...wrong.map((message) => invalid(field.child('searches').index(index), name, message)));
  });
  options.forEach(({ name }, index) => {
    if (!name) errors.push(required(field.child('options').index(index), 'must not be empty'));
  });
  return errors;
}
