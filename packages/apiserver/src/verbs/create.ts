import { badRequest, type KubernetesObject } from '@kubewright/api';
import type { Exchange } from '../exchange.js';
import { createObject } from '../registry/create-object.js';
import type { ServedKind } from '../registry/resource.js';
import { answerObject } from './answer.js';
import { dedupeOwners } from './owner-references.js';
import { readObject } from './read-body.js';
import { writeContext, writeOptions } from './write-options.js';
import { warnAboutWrite } from './write-warnings.js';

/** POST of an object to its collection. */
export async function create(exchange: Exchange, served: ServedKind): Promise<void> {
  const options = writeOptions(exchange);
  const object = await readObject(exchange, served.body, options.fieldValidation);
  matchNamespace(object, exchange.info.namespace, served);
  dedupeOwners(exchange, object);
  const context = writeContext(exchange, served, options);
  const stored = served.toStored(object);
  const created = await createObject(exchange.server, served.resource, stored, context);
  warnAboutWrite(exchange, served.resource, created);
  return answerObject(exchange, served, 201, created);
}

/** As {@link placeInNamespace}; an object of the cluster loses the namespace that it names. */
export function matchNamespace(object: KubernetesObject, namespace: string, served: ServedKind): void {
  if (served.resource.namespaced) placeInNamespace(object, namespace);
  else delete object.metadata.namespace;
}

/**
 * The namespace of the path goes into an object without one; another one is refused.
 * @throws ApiError BadRequest
 */
export function placeInNamespace(object: KubernetesObject, namespace: string): void {
  object.metadata.namespace ||= namespace;
  if (object.metadata.namespace !== namespace)
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
}
