import type { Service, ServicePort } from '@kubewright/api/core/v1';
import type { EndpointSlice } from '@kubewright/api/discovery/v1';

/** Where a connection can be sent to. */
export interface Backend {
  readonly ip: string;
  readonly port: number;
}

/** An address and port of a Service, and where what comes there goes. */
export interface Frontend {
  readonly protocol: 'TCP' | 'UDP';
  readonly ip: string;
  readonly port: number;
  /** In the order of the slices. Empty: connections are refused. */
  readonly backends: readonly Backend[];
  /** A client stays with its backend for so long after its last connection. Unset: it does not. */
  readonly affinitySeconds?: number;
}

/** What of a node matters for where it sends connections. */
export interface ProxyNode {
  readonly name: string;
  /** Where node ports are served. */
  readonly addresses: readonly string[];
}

/** Names a frontend among all of a node. */
export function frontendKey({ protocol, ip, port }: Pick<Frontend, 'protocol' | 'ip' | 'port'>): string {
  return `${protocol} ${hostPort({ ip, port })}`;
}

/** `10.0.0.1:80`, `[fd00::1]:80` */
export function hostPort({ ip, port }: Backend): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/**
 * The frontends of one Service, from its slices: one for each cluster IP and port, one for each node port and address
 * of the node. Headless services and those of another proxy have none; SCTP is not forwarded.
 * Source: "Virtual IPs and Service Proxies", "Service Internal Traffic Policy".
 */
export function frontendsOf(service: Service, slices: readonly EndpointSlice[], node: ProxyNode): Frontend[] {
  const spec = service.spec;
  const clusterIPs = spec?.clusterIPs ?? (spec?.clusterIP ? [spec.clusterIP] : []);
  const elsewhere = service.metadata.labels?.['service.kubernetes.io/service-proxy-name'] !== undefined;
  if (spec === undefined || spec.type === 'ExternalName' || elsewhere || clusterIPs[0] === 'None') return [];
  const affinity =
    spec.sessionAffinity === 'ClientIP'
      ? { affinitySeconds: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800 }
      : {};
  const frontends: Frontend[] = [];
  for (const port of spec.ports ?? []) {
    const protocol = port.protocol ?? 'TCP';
    if (protocol !== 'TCP' && protocol !== 'UDP') continue;
    const add = (ip: string, number: number, localOnly: boolean) =>
      frontends.push({
        protocol,
        ip,
        port: number,
        backends: backendsOf(port, slices, {
          ipv6: ip.includes(':'),
          ...(localOnly ? { onlyOn: node.name } : {}),
        }),
        ...affinity,
      });
    for (const ip of clusterIPs) add(ip, port.port, spec.internalTrafficPolicy === 'Local');
    if (port.nodePort)
      for (const ip of node.addresses) add(ip, port.nodePort, spec.externalTrafficPolicy === 'Local');
  }
  return frontends;
}

/** The ready endpoints; where there are none, those that still serve while they end. */
function backendsOf(
  port: ServicePort,
  slices: readonly EndpointSlice[],
  { ipv6, onlyOn }: { readonly ipv6: boolean; readonly onlyOn?: string },
): Backend[] {
  const ready = new Map<string, Backend>();
  const serving = new Map<string, Backend>();
  for (const slice of slices) {
    if (slice.addressType !== (ipv6 ? 'IPv6' : 'IPv4')) continue;
    const target = slice.ports?.find((one) => (one.name ?? '') === (port.name ?? ''))?.port;
    if (target === undefined) continue;
    for (const { addresses, conditions, nodeName } of slice.endpoints ?? []) {
      const ip = addresses[0];
      if (ip === undefined || (onlyOn !== undefined && nodeName !== onlyOn)) continue;
      const backend = { ip, port: target };
      if (conditions?.ready ?? true) ready.set(hostPort(backend), backend);
      else if (conditions?.serving && conditions.terminating) serving.set(hostPort(backend), backend);
    }
  }
  return [...(ready.size > 0 ? ready : serving).values()];
}
