import { ApiError } from '@kubewright/api';
import type { Node } from '@kubewright/api/core/v1';

/** Where the kubelet of a node listens. Source: the preferred address types of kube-apiserver. */
export function kubeletAddress({ metadata, status }: Node): { readonly host: string; readonly port: number } {
  const addresses = status?.addresses ?? [];
  const host = ['InternalIP', 'Hostname', 'ExternalIP']
    .map((type) => addresses.find((one) => one.type === type)?.address)
    .find((one) => one !== undefined);
  const port = status?.daemonEndpoints?.kubeletEndpoint?.Port;
  if (host === undefined || port === undefined)
    throw new ApiError(
      'InternalError',
      `Internal error occurred: no address of the kubelet on ${metadata.name ?? ''} is known`,
    );
  return { host, port };
}
