import { apiVersionOf, type KubernetesObject, notFound } from '@kubewright/api';
import { AdmissionRequest } from '../admission/admission-request.js';
import { parseStored } from '../encoding/object-bytes.js';
import type { Exchange } from '../exchange.js';
import { proxyStream, proxyUpgrade } from '../http/kubelet-proxy.js';
import { querySwitch } from '../http/query-switch.js';
import type { SubresourceCall } from '../kinds/kind-rules.js';
import { parameterTypes } from '../openapi/subresource-parameters.js';
import type { ServedKind } from '../registry/resource.js';
import { writeContext } from './write-options.js';

/** Log, exec, attach and port-forward: passes the stream on to where the object's rules say it goes. */
export async function connect(exchange: Exchange, served: ServedKind): Promise<void> {
  const { info, server, request } = exchange;
  const rules = served.resource.rules.subresources?.[info.subresource];
  await admitConnection(exchange, served);
  const object = await objectOf(exchange, served);
  if (rules?.serve !== undefined) return rules.serve(object, callOf(exchange));
  const target = await rules?.connect?.(object, info.query, server.objects);
  if (target === undefined) throw notFound(served.kind, info.name);
  if (request.upgrade === undefined) await proxyStream(exchange, target);
  else await proxyUpgrade(exchange, target, request.upgrade);
}

async function objectOf({ info }: Exchange, { kind, resource }: ServedKind): Promise<KubernetesObject> {
  const key = resource.key(info.namespace, info.name);
  if (resource.source !== undefined) {
    const { entry } = await resource.source.get(key);
    if (entry !== undefined) return parseStored(entry.value, entry.revision);
  }
  const entry = resource.cache.get(key);
  if (entry === undefined) throw notFound(kind, info.name);
  return parseStored(entry.bytes, entry.revision);
}

function callOf(exchange: Exchange): SubresourceCall {
  const { request, info, server, user } = exchange;
  return {
    method: request.method,
    query: info.query,
    user,
    objects: server.objects,
    signal: AbortSignal.any([request.signal, server.stopping]),
    readBody: () => request.readBody(),
    send: (status, contentType, body) => exchange.send(status, contentType, body),
    open: (status, contentType) => exchange.open(status, contentType),
  };
}

/** Admission of a stream to the object; to read a log is no such. Source: apiserver's `ConnectResource`. */
export async function admitConnection(exchange: Exchange, served: ServedKind): Promise<void> {
  const { info, server } = exchange;
  const { subresource, namespace, name, query, rest } = info;
  const kind = served.kind.subresources[subresource];
  const target = { operation: 'CONNECT', resource: served.resource, subresource } as const;
  if (kind === undefined || kind.kind === served.kind.kind || !server.admission.concerns(target)) return;
  const options = {
    apiVersion: apiVersionOf(kind.group, kind.version),
    kind: kind.kind,
    metadata: {},
    ...optionsOf(query, parameterTypes(served.kind, subresource)),
    ...(rest.length === 0 ? {} : { path: `/${rest.join('/')}` }),
  };
  const context = writeContext(exchange, served, { dryRun: false, given: {} });
  const request = new AdmissionRequest({ ...target, namespace, name, kind, object: options, context });
  await server.admission.admit(request);
  await server.admission.validate(request);
}

/** Parameters that may be given more than once. */
const repeatable = new Set(['command', 'ports']);

/** The query as the options that it stands for: `?command=a&command=b&stdin=true`. */
function optionsOf(
  query: URLSearchParams,
  types: ReturnType<typeof parameterTypes>,
): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [name, type] of Object.entries(types)) {
    if (!query.has(name)) continue;
    const values = query
      .getAll(name)
      .map((text) =>
        type === 'boolean' ? querySwitch(query, name) : type === 'integer' ? Number(text) : text,
      );
    options[name] = repeatable.has(name) ? values : values[0];
  }
  return options;
}
