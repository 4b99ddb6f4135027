import {
  dns1123LabelErrors,
  dns1123SubdomainErrors,
  labelValueErrors,
  qualifiedNameErrors,
} from '@kubewright/api';
import {
  type Endpoint,
  type EndpointHints,
  type EndpointPort,
  EndpointSlice,
} from '@kubewright/api/discovery/v1';
import { familyOf, validateAddress, validateEndpointAddress } from '../validation/addresses.js';
import { validateChoice, validateRequiredChoice } from '../validation/choices.js';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalid,
  path,
  required,
  tooMany,
} from '../validation/field-error.js';
import { type Format, validateFormat } from '../validation/formats.js';
import { validateImmutable } from '../validation/immutable.js';
import { ageColumn, nameColumn, text } from './columns.js';
import { defineRules } from './kind-rules.js';
import { protocols } from './pod/container-validation.js';
import { addressWarnings } from './warnings.js';

const maxEndpoints = 1000;
const maxPorts = 20_000;
const maxAddresses = 100;
const maxHints = 8;
const shown = 3;

export const endpointSliceRules = defineRules<EndpointSlice>({
  kind: EndpointSlice,
  storageKey: 'endpointslices',
  generation: 'with labels',
  default({ ports }) {
    for (const port of ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  prepareForCreate: dropTopology,
  prepareForUpdate: dropTopology,
  validate: ({ addressType, endpoints, ports }, context) => [
    ...validateRequiredChoice(addressType, ['FQDN', 'IPv4', 'IPv6'], path('addressType')),
    ...validateEndpoints(endpoints ?? [], addressType, context.serviceRanges.loopbackEndpoints),
    ...validatePorts(ports ?? []),
  ],
  warnings: (slice, old) => [
    ...(slice.addressType === 'FQDN' && old === undefined
      ? ['spec.addressType: FQDN endpoints are deprecated']
      : []),
    ...addressesWarnings(slice),
  ],
  validateUpdate: (slice, old) => validateImmutable(slice.addressType, old.addressType, path('addressType')),
  columns: [
    nameColumn,
    text('AddressType', 'Family of the addresses.', ({ addressType }) => addressType),
    text('Ports', 'Ports that serve.', ({ ports }) =>
      listed((ports ?? []).map(({ port, name }) => `${port ?? (name || '*')}`)),
    ),
    text('Endpoints', 'Addresses that serve.', ({ endpoints }) =>
      listed((endpoints ?? []).flatMap(({ addresses }) => addresses ?? [])),
    ),
    ageColumn,
  ],
});

/** A map of v1beta1, which this version has no place for. */
function dropTopology({ endpoints }: EndpointSlice): void {
  for (const endpoint of endpoints ?? []) delete endpoint.deprecatedTopology;
}

function listed(all: readonly string[]): string {
  if (all.length === 0) return '<unset>';
  const list = all.slice(0, shown).join(',');
  return all.length > shown ? `${list} + ${all.length - shown} more...` : list;
}

function validateEndpoints(
  endpoints: readonly Endpoint[],
  addressType: string,
  loopback: readonly string[] | undefined,
): FieldError[] {
  const field = path('endpoints');
  if (endpoints.length > maxEndpoints) return [tooMany(field, endpoints.length, maxEndpoints)];
  return endpoints.flatMap((endpoint, index) => {
    const at = field.index(index);
    const addresses = endpoint.addresses ?? [];
    const list = at.child('addresses');
    const errors: FieldError[] = [];
    if (addresses.length === 0) errors.push(required(list, 'must contain at least 1 address'));
    else if (addresses.length > maxAddresses) errors.push(tooMany(list, addresses.length, maxAddresses));
    addresses.forEach((address, addressIndex) => {
      errors.push(...validateTyped(address, addressType, list.index(addressIndex), loopback));
    });
    if (endpoint.nodeName !== undefined)
      errors.push(...validateFormat(dns1123SubdomainErrors, endpoint.nodeName, at.child('nodeName')));
    if (endpoint.hostname !== undefined)
      errors.push(...validateFormat(dns1123LabelErrors, endpoint.hostname, at.child('hostname')));
    if (endpoint.hints !== undefined) errors.push(...validateHints(endpoint.hints, at.child('hints')));
    return errors;
  });
}

function validateHints({ forZones = [], forNodes = [] }: EndpointHints, field: FieldPath): FieldError[] {
  const zones = field.child('forZones');
  if (forZones.length > maxHints) return [tooMany(zones, forZones.length, maxHints)];
  const errors = validateNamed(forZones, labelValueErrors, zones);
  const nodes = field.child('forNodes');
  if (forNodes.length > maxHints) return [...errors, tooMany(nodes, forNodes.length, maxHints)];
  return [...errors, ...validateNamed(forNodes, dns1123SubdomainErrors, nodes)];
}

function validateNamed(
  items: readonly { readonly name?: string | undefined }[],
  format: Format,
  field: FieldPath,
): FieldError[] {
  const names = new Set<string>();
  return items.flatMap(({ name = '' }, index) => {
    const at = field.index(index).child('name');
    const errors = names.has(name) ? [duplicate(at, name)] : [];
    names.add(name);
    return [...errors, ...validateFormat(format, name, at)];
  });
}

function validateTyped(
  address: string,
  addressType: string,
  field: FieldPath,
  loopback: readonly string[] | undefined,
): FieldError[] {
  if (addressType === 'FQDN') return validateFormat(dns1123SubdomainErrors, address, field);
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return [];
  const wrong = validateAddress(address, field);
  if (wrong.length > 0) return wrong;
  if (familyOf(address) !== addressType)
    return [invalid(field, address, `must be an ${addressType} address`)];
  return validateEndpointAddress(address, field, loopback);
}

function validatePorts(ports: readonly EndpointPort[]): FieldError[] {
  const field = path('ports');
  if (ports.length > maxPorts) return [tooMany(field, ports.length, maxPorts)];
  const names = new Set<string>();
  return ports.flatMap(({ name = '', protocol, appProtocol }, index) => {
    const at = field.index(index);
    const errors: FieldError[] = [];
    if (name !== '') errors.push(...validateFormat(dns1123LabelErrors, name, at.child('name')));
    if (names.has(name)) errors.push(duplicate(at.child('name'), name));
    names.add(name);
    errors.push(
      ...(protocol === undefined
        ? [required(at.child('protocol'))]
        : validateChoice(protocol, protocols, at.child('protocol'))),
    );
    if (appProtocol !== undefined)
      errors.push(...validateFormat(qualifiedNameErrors, appProtocol, at.child('appProtocol')));
    return errors;
  });
}

/** Those who write slices by rote write addresses as they should be. */
const wellBehaved = new Set(['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io']);

function addressesWarnings({ metadata, endpoints }: EndpointSlice): string[] {
  if (wellBehaved.has(metadata.labels?.['endpointslice.kubernetes.io/managed-by'] ?? '')) return [];
  return (endpoints ?? []).flatMap(({ addresses }, index) =>
    addresses.flatMap((address, addressIndex) =>
      addressWarnings(address, path('endpoints').index(index).child('addresses').index(addressIndex)),
    ),
  );
}
