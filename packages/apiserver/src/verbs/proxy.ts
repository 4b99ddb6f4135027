import { notFound } from '@kubewright/api';
import type { Exchange } from '../exchange.js';
import { proxyRequest } from '../http/proxy-request.js';
import type { ServedKind } from '../registry/resource.js';
import { admitConnection } from './connect.js';

/** Passes a request on to where the rules of the object's `proxy` subresource lead, whatever it asks there. */
export async function proxy(exchange: Exchange, served: ServedKind): Promise<void> {
  const { info, server, user } = exchange;
  const { objects, serviceRanges } = server.contextFor(user, false);
  await admitConnection(exchange, served);
  const context = { namespace: info.namespace, objects, serviceRanges };
  const location = await served.resource.rules.subresources?.[info.subresource]?.proxy?.(info.name, context);
  if (location === undefined) throw notFound(served.kind, info.name);
  await proxyRequest(exchange, location);
}
