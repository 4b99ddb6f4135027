import { notFound } from '@kubewright/api';
import { Node } from '@kubewright/api/core/v1';
import type { SubresourceRules } from './kind-rules.js';
import { kubeletAddress } from './kubelet-address.js';
import { type ProxyLocation, parseProxyName, portNumber, requireProxyable } from './proxy-location.js';

/** Requests to the node's kubelet, or to another port of the node. Source: the node registry's `ResourceLocation`. */
export const nodeProxy: SubresourceRules<Node> = {
  async proxy(id, context): Promise<ProxyLocation> {
    const { scheme, name, port } = parseProxyName(id, 'node');
    const node = await context.objects.get(Node, '', name);
    if (node === undefined) throw notFound(Node, name);
    const kubelet = kubeletAddress(node);
    if (port === '' || port === String(kubelet.port)) return { scheme: 'https', ...kubelet, kubelet: true };
    requireProxyable(kubelet.host, context);
    return { scheme, host: kubelet.host, port: portNumber(port) };
  },
};
