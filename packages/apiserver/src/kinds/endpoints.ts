import { dns1123LabelErrors, dns1123SubdomainErrors, qualifiedNameErrors } from '@kubewright/api';
import { type EndpointAddress, type EndpointSubset, Endpoints } from '@kubewright/api/core/v1';
import { familyOf, validateAddress, validateEndpointAddress } from '../validation/addresses.js';
import { validateRequiredChoice } from '../validation/choices.js';
import { type FieldError, type FieldPath, invalid, path, required } from '../validation/field-error.js';
import { validateFormat } from '../validation/formats.js';
import { ageColumn, nameColumn, text } from './columns.js';
import { defineRules } from './kind-rules.js';
import { protocols, validatePortNumber } from './pod/container-validation.js';

const shown = 3;

export const endpointsRules = defineRules<Endpoints>({
  kind: Endpoints,
  metadataChecks: 'as new',
  createdByUpdate: true,
  storageKey: 'services/endpoints',
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  default({ subsets }) {
    for (const subset of subsets ?? []) for (const port of subset.ports ?? []) port.protocol ||= 'TCP';
  },
  validate: ({ subsets }, context) =>
    (subsets ?? []).flatMap((subset, index) =>
      validateSubset(subset, path('subsets').index(index), context.serviceRanges.loopbackEndpoints),
    ),
  columns: [nameColumn, text('Endpoints', 'Addresses and ports that serve.', endpointsText), ageColumn],
});

function validateSubset(
  subset: EndpointSubset,
  field: FieldPath,
  loopback: readonly string[] | undefined,
): FieldError[] {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
  const errors: FieldError[] = [];
  if (addresses.length === 0 && notReadyAddresses.length === 0)
    errors.push(required(field, 'must specify `addresses` or `notReadyAddresses`'));
  const check = (address: EndpointAddress, at: FieldPath) => {
    errors.push(...validateAddress(address.ip ?? '', at.child('ip')));
    if (address.hostname)
      errors.push(...validateFormat(dns1123LabelErrors, address.hostname, at.child('hostname')));
    if (address.nodeName !== undefined)
      errors.push(...validateFormat(dns1123SubdomainErrors, address.nodeName, at.child('nodeName')));
    // What is no address is told by two of upstream's rules.
    if (familyOf(address.ip ?? '') === undefined)
      errors.push(invalid(at.child('ip'), address.ip ?? '', 'must be a valid IP address'));
    errors.push(...validateEndpointAddress(address.ip, at.child('ip'), loopback));
  };
  addresses.forEach((address, index) => {
    check(address, field.child('addresses').index(index));
  });
  notReadyAddresses.forEach((address, index) => {
    check(address, field.child('notReadyAddresses').index(index));
  });
  ports.forEach((port, index) => {
    const at = field.child('ports').index(index);
    if (port.name) errors.push(...validateFormat(dns1123LabelErrors, port.name, at.child('name')));
    else if (ports.length > 1) errors.push(required(at.child('name')));
    errors.push(...validatePortNumber(port.port ?? 0, at.child('port')));
    errors.push(...validateRequiredChoice(port.protocol, protocols, at.child('protocol')));
    if (port.appProtocol !== undefined)
      errors.push(...validateFormat(qualifiedNameErrors, port.appProtocol, at.child('appProtocol')));
  });
  return errors;
}

function endpointsText({ subsets }: Endpoints): string {
  const all = (subsets ?? []).flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) =>
          addresses.map(({ ip }) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)),
        ),
  );
  if (all.length === 0) return (subsets ?? []).length === 0 ? '<none>' : '';
  const list = all.slice(0, shown).join(',');
  return all.length > shown ? `${list} + ${all.length - shown} more...` : list;
}
