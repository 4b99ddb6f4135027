import { ApiError, badRequest, JsonSyntaxError, type SchemaSource } from '@kubewright/api';
import type { Exchange } from '../exchange.js';
import type { JsonObject } from '../patch/json-object.js';
import { applyJsonPatch, unknownMembers } from '../patch/json-patch.js';
import { applyMergePatch } from '../patch/merge-patch.js';
import { applyStrategicMergePatch } from '../patch/strategic-merge.js';
import { matchNamespace } from '../registry/place-in-namespace.js';
import type { ServedKind } from '../registry/resource.js';
import { updateObject } from '../registry/update-object.js';
import { answerObject } from './answer.js';
import { apply, applyMediaType } from './apply.js';
import { afterAdmission, dedupeOwners } from './owner-references.js';
import { patchedForm } from './patched-form.js';
import { contentTypeOf, fromJson } from './read-body.js';
import { matchName } from './update.js';
import { writeContext, writeOptions } from './write-options.js';
import { warnAboutWrite } from './write-warnings.js';

type PatchFunction = (document: JsonObject, patch: unknown, schema: SchemaSource) => unknown;

const strategicMediaType = 'application/strategic-merge-patch+json';

/** By media type. */
const patchFunctions: Readonly<Record<string, PatchFunction>> = {
  'application/json-patch+json': (document, patch) => applyJsonPatch(document, patch),
  'application/merge-patch+json': (document, patch) => applyMergePatch(document, patch),
  [strategicMediaType]: applyStrategicMergePatch,
};

/** A patch as it came, and how to apply it. */
export interface Patch {
  readonly apply: PatchFunction;
  readonly value: unknown;
  /** What a strict reader refuses. */
  readonly problems: readonly string[];
  readonly strategic: boolean;
}

/** PATCH of an object or of a subresource that speaks the object's own kind. */
export async function patch(exchange: Exchange, served: ServedKind): Promise<void> {
  const { namespace, name, subresource } = exchange.info;
  if (contentTypeOf(exchange) === applyMediaType) return apply(exchange, served);
  const options = writeOptions(exchange);
  const body = await readPatch(exchange, served);
  const updated = await updateObject(
    exchange.server,
    served.resource,
    {
      namespace,
      name,
      subresource,
      change: (current) => {
        const value = applyPatch(body, served.fromStored(current), served.kind.schema);
        const object = patchedForm(exchange, value, body, served.body, options.fieldValidation);
        matchNamespace(object, namespace, served.resource);
        matchName(object, name);
        dedupeOwners(exchange, object, afterAdmission);
        return served.toStored(object);
      },
    },
    writeContext(exchange, served, options),
  );
  warnAboutWrite(exchange, served.resource, updated);
  return answerObject(exchange, served, 200, updated);
}

/** @throws ApiError UnsupportedMediaType, BadRequest */
export async function readPatch(exchange: Exchange, served: ServedKind): Promise<Patch> {
  const type = contentTypeOf(exchange);
  const apply = patchFunctions[type];
  const isStrategic = type === strategicMediaType;
  // Strategies are of the Go types of built-in kinds.
  if (apply === undefined || (isStrategic && served.resource.rules.structural)) throw unsupportedType(served);
  const bytes = await exchange.readBody();
  try {
    const { value, problems } = fromJson(bytes);
    const where = type === 'application/json-patch+json' ? 'json patch ' : '';
    return {
      ...{ apply, value, strategic: isStrategic },
      problems: [...problems, ...(where === '' ? [] : unknownMembers(value))].map(
        (problem) => `${where}${problem}`,
      ),
    };
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw badRequest(isStrategic ? error.message : `error decoding patch: ${error.message}`);
  }
}

/** Upstream's router answers for the built-in kinds, and its custom resources for themselves. */
function unsupportedType({ resource }: ServedKind): ApiError {
  if (resource.rules.structural !== true)
    return new ApiError('UnsupportedMediaType', '415: Unsupported Media Type', { details: {} });
  const types = Object.keys(patchFunctions).filter((type) => type !== strategicMediaType);
  return new ApiError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${[...types, applyMediaType].join(', ')}`,
  );
}

/** The object after the patch; the object itself stays as it is. @throws ApiError of the patch functions */
export function applyPatch(patch: Patch, object: object, schema: SchemaSource): JsonObject {
  return patch.apply(object as JsonObject, patch.value, schema) as JsonObject;
}
