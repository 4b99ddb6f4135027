import { badRequest } from '@kubewright/api';
import ipaddr from 'ipaddr.js';
import type { ObjectReader, ServiceRanges } from '../registry/write-context.js';
import { familyOf } from '../validation/addresses.js';

/** The object that a request to a `proxy` subresource means: `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`. */
export interface ProxyName {
  readonly scheme: 'http' | 'https';
  readonly name: string;
  /** A number or a port's name; empty where none is asked for. */
  readonly port: string;
}

/** Where such a request goes on. */
export interface ProxyLocation {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  /** @default that of the scheme */
  readonly port?: number;
  /** True for a kubelet's own port: it gets the server's client certificate, and its own is verified. */
  readonly kubelet?: boolean;
}

/** What decides where a request may go on to. */
export interface ProxyContext {
  readonly namespace: string;
  readonly objects: ObjectReader;
  readonly serviceRanges: ServiceRanges;
}

/** @param what the kind, as errors name it. @throws ApiError BadRequest */
export function parseProxyName(id: string, what: string): ProxyName {
  const parts = id.split(':');
  const [scheme = '', name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts];
  if (parts.length > 3 || name === '' || !['', 'http', 'https'].includes(scheme))
    throw badRequest(`invalid ${what} request ${JSON.stringify(id)}`);
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port };
}

/**
 * Lets an address through that a pod or a node of a cluster may have: none that means this machine or its links.
 * Loopback addresses are those of pods only inside of the ranges that the server was given for such, the machine's own
 * never. Source: `IsProxyableIP`.
 * @throws ApiError BadRequest
 */
export function requireProxyable(address: string, { serviceRanges }: ProxyContext): void {
  if (familyOf(address) === undefined) throw badRequest('address not allowed');
  const ip = ipaddr.process(address);
  const range = ip.range();
  if (range === 'loopback') {
    const ranges = (serviceRanges.loopbackEndpoints ?? []).map((cidr) => ipaddr.parseCIDR(cidr));
    // A range of one address is that of the server itself.
    const ofPods = ranges.filter(
      ([first, bits]) => first.kind() === ip.kind() && bits < first.toByteArray().length * 8,
    );
    if (ofPods.some((cidr) => ip.match(cidr))) return;
  }
  if (notUnicast.has(range)) throw badRequest('address not allowed');
}

const notUnicast: ReadonlySet<string> = new Set([
  'unspecified',
  'broadcast',
  'multicast',
  'linkLocal',
  'loopback',
]);

/** The port that a text names. @throws ApiError BadRequest for none */
export function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535)
    throw badRequest(`invalid port ${JSON.stringify(text)}`);
  return port;
}
