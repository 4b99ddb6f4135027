import { dns1123LabelErrors, quantityMilliValue } from '@kubewright/api';
import type { NodeSelectorTerm } from '@kubewright/api/core/v1';
import type { Quantity } from '@kubewright/api/meta/v1';
import ipaddr from 'ipaddr.js';
import type { FieldPath } from '../validation/field-error.js';

/** Labels of nodes that have other names now. Source: the page of well-known labels. */
const oldNodeLabels: ReadonlyMap<string, string> = new Map([
  ['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  [
    'failure-domain.beta.kubernetes.io/region',
    'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  ],
  [
    'failure-domain.beta.kubernetes.io/zone',
    'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  ],
  [
    'beta.kubernetes.io/instance-type',
    'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  ],
  ['app.kubernetes.io/created-by', 'deprecated since v1.9'],
  [
    'scheduler.alpha.kubernetes.io/preferAvoidPods',
    'deprecated since v1.22; use Taints and Tolerations instead',
  ],
  ['node-role.kubernetes.io/master', 'use "node-role.kubernetes.io/control-plane" instead'],
]);

/** Says what replaces a label of nodes, nothing for one that is still good. */
export function oldNodeLabel(key: string): string | undefined {
  return oldNodeLabels.get(key);
}

/** Labels of nodes in the expressions of a term that are of old. */
export function nodeTermWarnings(term: NodeSelectorTerm | undefined, field: FieldPath): string[] {
  return (term?.matchExpressions ?? []).flatMap(({ key }, index) => {
    const message = oldNodeLabel(key);
    if (message === undefined) return [];
    return [`${field.child('matchExpressions').index(index).child('key')}: ${key} is ${message}`];
  });
}

/** Bytes can only be whole. */
export function fractionWarnings(quantity: Quantity | undefined, field: FieldPath): string[] {
  if (quantity === undefined || quantityMilliValue(quantity) % 1000n === 0n) return [];
  const shown = JSON.stringify(String(quantity));
  return [`${field}: fractional byte value ${shown} is invalid, must be an integer`];
}

/** Names of workloads end up in the names and host names of their pods. */
export function podNameWarnings(name: string): string[] {
  const errors = dns1123LabelErrors(name);
  return errors.length === 0
    ? []
    : [
        `metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [${errors.join(' ')}]`,
      ];
}

/** An address that is right but not written as it should be. */
export function addressWarnings(address: string, field: FieldPath): string[] {
  if (!ipaddr.IPv6.isValid(address)) return [];
  const canonical = ipaddr.IPv6.parse(address).toRFC5952String();
  return canonical === address
    ? []
    : [
        `${field}: IPv6 address ${JSON.stringify(address)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`,
      ];
}

/** A range that is right but not written as it should be. Source: `GetWarningsForCIDR`. */
export function cidrWarnings(cidr: string, field: FieldPath): string[] {
  if (!ipaddr.isValidCIDR(cidr)) return [];
  const [address, length] = ipaddr.parseCIDR(cidr);
  const isIPv6 = address.kind() === 'ipv6';
  const network = (isIPv6 ? ipaddr.IPv6 : ipaddr.IPv4).networkAddressFromCIDR(cidr);
  const shown = JSON.stringify(cidr);
  const asRange = (one: ipaddr.IPv4 | ipaddr.IPv6, bits: number) =>
    JSON.stringify(`${one instanceof ipaddr.IPv6 ? one.toRFC5952String() : one.toString()}/${bits}`);
  if (network.toString() !== address.toString())
    return [
      `${field}: CIDR value ${shown} is ambiguous in this context (should be ${asRange(network, length)} or ${asRange(address, isIPv6 ? 128 : 32)}?)`,
    ];
  const canonical = asRange(address, length);
  return !isIPv6 || canonical === shown
    ? []
    : [`${field}: IPv6 CIDR value ${shown} should be in RFC 5952 canonical format (${canonical})`];
}
