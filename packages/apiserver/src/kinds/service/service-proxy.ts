import { ApiError, isApiError, notFound } from '@kubewright/api';
import { type EndpointAddress, Endpoints, Pod, Service } from '@kubewright/api/core/v1';
import type { SubresourceRules } from '../kind-rules.js';
import { requireAllocated } from '../pod/pod-proxy.js';
import { type ProxyContext, type ProxyLocation, parseProxyName } from '../proxy-location.js';

/** Requests to one of the service's pods. Source: the service registry's `ResourceLocation`. */
export const serviceProxy: SubresourceRules<Service> = {
  async proxy(id, context): Promise<ProxyLocation> {
    const { scheme, name, port: asked } = parseProxyName(id, 'service');
    const portName = /^[-+]?\d+$/.test(asked) ? await nameOfPort(name, Number(asked), context) : asked;
    const endpoints = await context.objects.get(Endpoints, context.namespace, name);
    if (endpoints === undefined) throw notFound(Endpoints, name);
    const subsets = endpoints.subsets ?? [];
    if (subsets.length === 0) throw noEndpoints(name);
    for (const { addresses = [], ports = [] } of shuffled(subsets)) {
      const port = ports.find((one) => (one.name ?? '') === portName)?.port;
      if (port === undefined) continue;
      for (const address of shuffled(addresses))
        if (await isOfPod(address, context)) return { scheme, host: address.ip, port };
    }
    throw noEndpoints(id);
  },
};

async function nameOfPort(name: string, port: number, { namespace, objects }: ProxyContext): Promise<string> {
  const service = await objects.get(Service, namespace, name);
  if (service === undefined) throw notFound(Service, name);
  const found = (service.spec?.ports ?? []).find((one) => one.port === port);
  if (found === undefined)
    throw new ApiError(
      'ServiceUnavailable',
      `no service port ${port} found for service ${JSON.stringify(name)}`,
    );
  return found.name ?? '';
}

function noEndpoints(name: string): ApiError {
  return new ApiError('ServiceUnavailable', `no endpoints available for service ${JSON.stringify(name)}`);
}

/** Anybody may write endpoints: an address counts that a pod of the namespace has. */
async function isOfPod({ ip, targetRef }: EndpointAddress, context: ProxyContext): Promise<boolean> {
  if (targetRef === undefined || (targetRef.namespace ?? '') !== context.namespace) return false;
  const pod = await context.objects.get(Pod, context.namespace, targetRef.name ?? '');
  if (pod === undefined || !(pod.status?.podIPs ?? []).some((one) => one.ip === ip)) return false;
  try {
    await requireAllocated(pod, ip, context);
    return true;
  } catch (error) {
    if (isApiError(error)) return false;
    throw error;
  }
}

/** Begins anywhere and goes round. */
function shuffled<T>(values: readonly T[]): T[] {
  const from = Math.floor(Math.random() * values.length);
  return [...values.slice(from), ...values.slice(0, from)];
}
