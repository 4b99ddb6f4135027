import { notFound } from '@kubewright/api';
import { parseStored } from '../encoding/object-bytes.js';
import type { Exchange } from '../exchange.js';
import { proxyStream, proxyUpgrade } from '../http/kubelet-proxy.js';
import type { ServedKind } from '../registry/resource.js';

/** Log, exec, attach and port-forward: passes the stream on to where the object's rules say it goes. */
export async function connect(exchange: Exchange, served: ServedKind): Promise<void> {
  const { info, server, request } = exchange;
  const entry = served.resource.cache.get(served.resource.key(info.namespace, info.name));
  if (entry === undefined) throw notFound(served.kind, info.name);
  const object = parseStored(entry.bytes, entry.revision);
  const rules = served.resource.rules.subresources?.[info.subresource];
  const target = await rules?.connect?.(object, info.query, server.objects);
  if (target === undefined) throw notFound(served.kind, info.name);
  if (request.upgrade === undefined) await proxyStream(exchange, target);
  else await proxyUpgrade(exchange, target, request.upgrade);
}
