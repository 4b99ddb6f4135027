import { badRequest } from '@kubewright/api';
import { goJsonName, isObject, type JsonObject, put } from './json-object.js';

/**
 * Applies a JSON merge patch (RFC 7386) and returns the result; neither argument is changed, the result may share
 * parts with both.
 * @throws ApiError BadRequest when the patch is no object.
 */
export function applyMergePatch(document: JsonObject, patch: unknown): JsonObject {
  if (patch === null) throw badRequest('Invalid JSON Patch');
  if (!isObject(patch))
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${goJsonName(patch)} into Go value of type map[string]interface {}`,
    );
  return merge(document, patch);
}

function merge(document: JsonObject, patch: JsonObject): JsonObject {
  const result = { ...document };
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    const old = Object.hasOwn(result, key) ? result[key] : undefined;
    if (value === null) delete result[key];
    else if (!isObject(old)) put(result, key, withoutNulls(value));
    else put(result, key, isObject(value) ? merge(old, value) : value);
  }
  return result;
}

/** A value that stands where no object was: members that are null say nothing, in lists too, as upstream has it. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  for (const key of Object.keys(value)) if (value[key] !== null) put(result, key, withoutNulls(value[key]));
  return result;
}
