import { encodeJson, type KubernetesObject } from '@kubewright/api';
import { AdmissionRequest } from '../admission/admission-request.js';
import type { Endpoint } from '../encoding/negotiate.js';
import type { Exchange } from '../exchange.js';
import { placeInNamespace } from '../registry/place-in-namespace.js';
import type { ServedKind } from '../registry/resource.js';
import type { ServedReview } from '../registry/resource-table.js';
import type { WriteContext } from '../registry/write-context.js';
import { readObject } from './read-body.js';
import { methodNotAllowed, unknownResource } from './refusals.js';
import { writeContext, writeOptions } from './write-options.js';

/** Reviews have no tables, and every built-in kind has a protobuf form. */
const endpoint: Endpoint = { transforms: false, protobuf: true };

/** POST of a question: the answer is the same object with its status. Nothing is stored. */
export async function review(exchange: Exchange, { rules, served, body }: ServedReview): Promise<void> {
  const { verb, name, subresource, namespace } = exchange.info;
  if (subresource !== '') throw unknownResource();
  const fits = name === '' && (rules.kind.scope === 'Namespaced') === (namespace !== '');
  if (verb !== 'create' || !fits) throw methodNotAllowed();
  exchange.accept(endpoint);
  const options = writeOptions(exchange);
  const asked = await readObject(exchange, body(), options.fieldValidation);
  if (namespace !== '') placeInNamespace(asked, namespace);
  const context = writeContext(exchange, served, options);
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
