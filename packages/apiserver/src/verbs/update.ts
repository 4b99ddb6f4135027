import { ApiError, badRequest, conflict, type KubernetesObject } from '@kubewright/api';
import type { Exchange } from '../exchange.js';
import { createObject } from '../registry/create-object.js';
import { matchNamespace } from '../registry/place-in-namespace.js';
import type { ServedKind } from '../registry/resource.js';
import { staleUid } from '../registry/stale-uid.js';
import { updateObject } from '../registry/update-object.js';
import { answerObject } from './answer.js';
import { dedupeOwners } from './owner-references.js';
import { readCopies } from './read-body.js';
import { writeContext, writeOptions } from './write-options.js';
import { warnAboutWrite } from './write-warnings.js';

/** PUT of a whole object, or of its status or another subresource that speaks the object's own kind. */
export async function update(exchange: Exchange, served: ServedKind): Promise<void> {
  const { namespace, name, subresource } = exchange.info;
  const options = writeOptions(exchange);
  const read = await readCopies(exchange, served.body, options.fieldValidation);
  const wanted = () => {
    const object = read();
    matchNamespace(object, namespace, served.resource);
    matchName(object, name);
    dedupeOwners(exchange, object);
    return served.toStored(object);
  };
  // What is wrong with the body itself is told before the object is looked for.
  let first: KubernetesObject | undefined = wanted();
  const next = () => {
    const stored = first ?? wanted();
    first = undefined;
    return stored;
  };
  const change = (current: KubernetesObject) => {
    const stored = next();
    refuseOtherUid(served, stored, current);
    return stored;
  };
  const { server } = exchange;
  const { resource } = served;
  const context = writeContext(exchange, served, options);
  let created = false;
  const create = async () => {
    const stored = next();
    refuseOtherUid(served, stored, undefined);
    delete stored.metadata.resourceVersion;
    const made = await createObject(server, resource, stored, context);
    // One who comes too late for it updates after all.
    created = true;
    return made;
  };
  const mayCreate = subresource === '' && resource.rules.createdByUpdate === true;
  const updated = await updateObject(
    server,
    resource,
    { namespace, name, subresource, change, ...(mayCreate ? { create } : {}) },
    context,
  );
  warnAboutWrite(exchange, resource, updated);
  return answerObject(exchange, served, created ? 201 : 200, updated);
}

/**
 * Refuses an update that means an object of the past. The words are those of upstream's store.
 * @throws ApiError Conflict
 */
export function refuseOtherUid(
  { kind, resource }: ServedKind,
  { metadata: { uid = '', namespace = '', name = '' } }: KubernetesObject,
  current: KubernetesObject | undefined,
): void {
  const has = current?.metadata.uid ?? '';
  if (uid === '' || uid === has) return;
  const key = resource.key(namespace, name);
  throw conflict(kind, name, staleUid(key, uid, has));
}

/** @throws ApiError BadRequest where the body names another object than the path */
export function matchName(object: KubernetesObject, name: string): void {
  if ((object.metadata.name ?? '') === '')
    throw badRequest(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    );
  if (object.metadata.name !== name)
    throw new ApiError(
      'BadRequest',
      `the name of the object (${object.metadata.name ?? ''}) does not match the name on the URL (${name})`,
    );
}
