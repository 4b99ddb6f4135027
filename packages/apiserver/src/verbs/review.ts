import { encodeJson, type KubernetesObject } from '@kubewright/api';
import { AdmissionRequest } from '../admission/admission-request.js';
import { type Endpoint, objectRoute } from '../encoding/negotiate.js';
import type { Exchange } from '../exchange.js';
import { placeInNamespace } from '../registry/place-in-namespace.js';
import type { ServedKind } from '../registry/resource.js';
import type { ServedReview } from '../registry/resource-table.js';
import type { WriteContext } from '../registry/write-context.js';
import { createSubresource } from './create-subresource.js';
import { readObject } from './read-body.js';
import { methodNotAllowed, unknownResource } from './refusals.js';
import { writeContext, writeOptions } from './write-options.js';

/** Reviews have no tables, and every built-in kind has a protobuf form. */
const endpoint: Endpoint = { transforms: false, protobuf: true, produces: objectRoute };

/** POST of a question: the answer is the same object with its status. Nothing is stored. */
export async function review(exchange: Exchange, { rules, served, body }: ServedReview): Promise<void> {
  const { verb, name, subresource, namespace } = exchange.info;
  if (subresource !== '') throw unknownResource();
  const fits = name === '' && (rules.kind.scope === 'Namespaced') === (namespace !== '');
  if (verb !== 'create' || !fits) throw methodNotAllowed();
  exchange.counted = exchange.server.metrics.requests.ofResource(exchange, served);
  exchange.accept(endpoint);
  if ('forward' in rules) {
    const { kind, subresource: forwarded } = rules.forward;
    await createSubresource(exchange, exchange.server.resources.of(kind), forwarded);
    return;
  }
  const options = writeOptions(exchange);
  const asked = await readObject(exchange, body(), options.fieldValidation);
  // What a question must have and has not is empty, as Go's zero values are.
  if (rules.kind.schema.root.required?.includes('spec') && !('spec' in asked))
    Object.assign(asked, { spec: {} });
  if (namespace !== '') placeInNamespace(asked, namespace);
  const context = writeContext(exchange, served, options);
  context.ownership?.track(undefined, asked, '');
  await admitReview(exchange, served, { object: asked, context });
  exchange.sendJson(201, encodeJson(await rules.answer(asked, { ...context, namespace })));
}

/** A question is created, to admission, though nothing is kept. */
async function admitReview(
  { info, server }: Exchange,
  { resource }: ServedKind,
  { object, context }: { readonly object: KubernetesObject; readonly context: WriteContext },
): Promise<void> {
  const target = { operation: 'CREATE', resource, subresource: '' } as const;
  if (!server.admission.concerns(target)) return;
  const { namespace } = info;
  const name = object.metadata.name ?? '';
  const request = new AdmissionRequest({ ...target, namespace, name, object, context });
  await server.admission.admit(request);
  await server.admission.validate(request);
}
