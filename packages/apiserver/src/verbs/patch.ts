import { ApiError, badRequest, type JsonReading, JsonSyntaxError, type SchemaSource } from '@kubewright/api';
import type { Exchange } from '../exchange.js';
import type { JsonObject } from '../patch/json-object.js';
import { applyJsonPatch, unknownMembers } from '../patch/json-patch.js';
import { applyMergePatch } from '../patch/merge-patch.js';
import { type Touches, touchedByMerge, touchedByOperations } from '../patch/patched-text.js';
import { applyStrategicMergePatch } from '../patch/strategic-merge.js';
import { matchNamespace } from '../registry/place-in-namespace.js';
import type { ServedKind } from '../registry/resource.js';
import { updateObject } from '../registry/update-object.js';
import { answerObject } from './answer.js';
import { apply, applyMediaType } from './apply.js';
import { afterAdmission, dedupeOwners } from './owner-references.js';
import { type Patched, patchedForm } from './patched-form.js';
import { contentTypeOf, fromJson } from './read-body.js';
import { matchName } from './update.js';
import { writeContext, writeOptions } from './write-options.js';
import { warnAboutWrite } from './write-warnings.js';

type PatchFunction = (document: JsonObject, patch: unknown, schema: SchemaSource) => unknown;

const strategicMediaType = 'application/strategic-merge-patch+json';

/** How a patch is applied, and what of the document it looks into. */
interface PatchType {
  /** What merges reads the patch as plain JSON; what only moves it about leaves that to the reader of the kind. */
  readonly reading: JsonReading;
  readonly apply: PatchFunction;
  touched(before: JsonObject, patch: unknown): Touches;
}

/** By media type. */
const patchTypes: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': {
    reading: 'struct',
    apply: (document, patch) => applyJsonPatch(document, patch),
    touched: touchedByOperations,
  },
  'application/merge-patch+json': {
    reading: 'literal',
    apply: (document, patch) => applyMergePatch(document, patch),
    touched: touchedByMerge,
  },
  [strategicMediaType]: { reading: 'plain', apply: applyStrategicMergePatch, touched: touchedByMerge },
};

/** A patch as it came, and how to apply it. */
export interface Patch extends PatchType {
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
        const before = served.fromStored(current);
        const patched = applyPatch(body, before, served.kind.schema);
        const object = patchedForm(exchange, patched, served.body, options.fieldValidation);
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
  const patchType = patchTypes[type];
  const isStrategic = type === strategicMediaType;
  // Strategies are of the Go types of built-in kinds.
  if (patchType === undefined || (isStrategic && served.resource.rules.structural))
    throw unsupportedType(served);
  const bytes = await exchange.readBody();
  try {
    const { value, problems } = fromJson(bytes, served.body.namesItself ? 'plain' : patchType.reading);
    const where = type === 'application/json-patch+json' ? 'json patch ' : '';
    return {
      ...patchType,
      ...{ value, strategic: isStrategic },
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
  const types = Object.keys(patchTypes).filter((type) => type !== strategicMediaType);
  return new ApiError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${[...types, applyMediaType].join(', ')}`,
  );
}

/** The object after the patch; the object itself stays as it is. @throws ApiError of the patch functions */
export function applyPatch(patch: Patch, object: object, schema: SchemaSource): Patched {
  const before = object as JsonObject;
  return { before, patch, value: patch.apply(before, patch.value, schema) as JsonObject };
}
