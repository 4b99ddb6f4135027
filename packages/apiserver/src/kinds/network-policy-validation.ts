import { portNameErrors } from '@kubewright/api';
import type {
  IPBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '@kubewright/api/networking/v1';
import ipaddr from 'ipaddr.js';
import { validateCidr } from '../validation/addresses.js';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  notSupported,
  path,
  required,
} from '../validation/field-error.js';
import { portNumber, validateFormat } from '../validation/formats.js';
import { validateLabelSelector } from '../validation/label-selector.js';

const protocols = ['TCP', 'UDP', 'SCTP'];
const policyTypes = ['Ingress', 'Egress'];

/** A policy but for its metadata. Source: `ValidateNetworkPolicySpec` of networking. */
export function validateNetworkPolicy({ spec }: NetworkPolicy, old?: NetworkPolicy): FieldError[] {
  // What the old policy had anywhere stays allowed.
  const known = old === undefined ? [] : rangesOf(old);
  const field = path('spec');
  const errors = validateLabelSelector(spec?.podSelector, field.child('podSelector'));
  const rules = [
    ...(spec?.ingress ?? []).map(({ ports, from }, index) => ({
      ports,
      peers: from,
      at: field.child('ingress').index(index),
      name: 'from',
    })),
    ...(spec?.egress ?? []).map(({ ports, to }, index) => ({
      ports,
      peers: to,
      at: field.child('egress').index(index),
      name: 'to',
    })),
  ];
  for (const { ports = [], peers = [], at, name } of rules) {
    ports.forEach((port, index) => {
      errors.push(...validatePort(port, at.child('ports').index(index)));
    });
    peers.forEach((peer, index) => {
      errors.push(...validatePeer(peer, known, at.child(name).index(index)));
    });
  }
  const types = spec?.policyTypes ?? [];
  const at = field.child('policyTypes');
  if (types.length > policyTypes.length)
    return [...errors, invalid(at, types, 'may not specify more than two policyTypes')];
  types.forEach((type, index) => {
    if (!policyTypes.includes(type)) errors.push(notSupported(at.index(index), type, policyTypes));
  });
  return errors;
}

function validatePort({ protocol, port, endPort }: NetworkPolicyPort, field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (protocol !== undefined && !protocols.includes(protocol))
    errors.push(notSupported(field.child('protocol'), protocol, protocols));
  const end = field.child('endPort');
  if (typeof port === 'number') {
    errors.push(...portNumber(port).map((message) => invalid(field.child('port'), port, message)));
    if (endPort === undefined) return errors;
    // Upstream shows the port, not the end, here.
    if (endPort < port) errors.push(invalid(end, port, 'must be greater than or equal to `port`'));
    return [...errors, ...portNumber(endPort).map((message) => invalid(end, endPort, message))];
  }
  if (endPort !== undefined)
    errors.push(
      invalid(
        end,
        endPort,
        `may not be specified when \`port\` is ${port === undefined ? 'not specified' : 'non-numeric'}`,
      ),
    );
  if (port !== undefined) errors.push(...validateFormat(portNameErrors, port, field.child('port')));
  return errors;
}

function rangesOf({ spec }: NetworkPolicy): string[] {
  const peers = [
    ...(spec?.ingress ?? []).flatMap(({ from = [] }) => from),
    ...(spec?.egress ?? []).flatMap(({ to = [] }) => to),
  ];
  return peers.flatMap(({ ipBlock }) =>
    ipBlock === undefined ? [] : [ipBlock.cidr, ...(ipBlock.except ?? [])],
  );
}

function validatePeer(peer: NetworkPolicyPeer, known: readonly string[], field: FieldPath): FieldError[] {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  const errors = [
    ...validateLabelSelector(podSelector, field.child('podSelector')),
    ...validateLabelSelector(namespaceSelector, field.child('namespaceSelector')),
    ...(ipBlock === undefined ? [] : validateBlock(ipBlock, known, field.child('ipBlock'))),
  ];
  const selects = podSelector !== undefined || namespaceSelector !== undefined;
  if (!selects && ipBlock === undefined) errors.push(required(field, 'must specify a peer'));
  if (selects && ipBlock !== undefined)
    errors.push(forbiddenField(field, 'may not specify both ipBlock and another peer'));
  return errors;
}

function validateBlock(
  { cidr, except = [] }: IPBlock,
  known: readonly string[],
  field: FieldPath,
): FieldError[] {
  if (!cidr) return [required(field.child('cidr'))];
  const errors = validateCidr(cidr, field.child('cidr'), known);
  if (!ipaddr.isValidCIDR(cidr)) return errors;
  const [network, length] = ipaddr.parseCIDR(cidr);
  except.forEach((one, index) => {
    const at = field.child('except').index(index);
    errors.push(...validateCidr(one, at, known));
    if (!ipaddr.isValidCIDR(one)) return;
    const [part, partLength] = ipaddr.parseCIDR(one);
    const inside = part.kind() === network.kind() && part.match(network, length) && length < partLength;
    if (!inside) errors.push(invalid(at, one, 'must be a strict subset of `cidr`'));
  });
  return errors;
}
