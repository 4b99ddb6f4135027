import { badRequest, notFound } from '@kubewright/api';
import { Node, Pod } from '@kubewright/api/core/v1';
import ipaddr from 'ipaddr.js';
import type { SubresourceRules } from '../kind-rules.js';
import {
  type ProxyContext,
  type ProxyLocation,
  parseProxyName,
  portNumber,
  requireProxyable,
} from '../proxy-location.js';

/** Requests to a port of the pod, the first that it declares where none is named. Source: the pod registry's `ResourceLocation`. */
export const podProxy: SubresourceRules<Pod> = {
  async proxy(id, context): Promise<ProxyLocation> {
    const { scheme, name, port: asked } = parseProxyName(id, 'pod');
    const pod = await context.objects.get(Pod, context.namespace, name);
    if (pod === undefined) throw notFound(Pod, name);
    const host = pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '';
    await requireAllocated(pod, host, context);
    const declared = (pod.spec?.containers ?? []).flatMap(({ ports = [] }) => ports)[0]?.containerPort;
    const port = asked === '' ? declared : portNumber(asked);
    return { scheme, host, ...(port === undefined ? {} : { port }) };
  },
};

/**
 * Lets an address through that the kubelet of the pod's node may give: one of the node's range for pods, or the node's
 * own where the pod has its network. Whoever may write statuses can thus not lead the server to other machines.
 * @throws ApiError BadRequest
 */
export async function requireAllocated(pod: Pod, address: string, context: ProxyContext): Promise<void> {
  requireProxyable(address, context);
  const node = await context.objects.get(Node, '', pod.spec?.nodeName ?? '');
  const own = (node?.status?.addresses ?? []).map((one) => one.address);
  const ranges = node?.spec?.podCIDRs ?? [];
  const allowed =
    pod.spec?.hostNetwork === true
      ? own.includes(address)
      : // Some networks know no ranges of nodes.
        node !== undefined && (ranges.length === 0 || ranges.some((cidr) => isIn(address, cidr)));
  if (!allowed) throw badRequest('address not allowed');
}

function isIn(address: string, cidr: string): boolean {
  const ip = ipaddr.process(address);
  const range = ipaddr.parseCIDR(cidr);
  return range[0].kind() === ip.kind() && ip.match(range);
}
