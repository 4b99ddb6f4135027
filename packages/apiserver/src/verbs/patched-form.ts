import { ApiError, isApiError, type KubernetesObject } from '@kubewright/api';
import type { Exchange } from '../exchange.js';
import { goValue, isObject, type JsonObject, own } from '../patch/json-object.js';
import { patchedText } from '../patch/patched-text.js';
import { leftOfPatch } from '../patch/strategic-merge.js';
import type { BodyKind } from '../schema/body-kind.js';
import { invalid, invalidObject, path } from '../validation/field-error.js';
import type { Patch } from './patch.js';
import { checkIdentity } from './read-body.js';
import type { FieldValidation } from './write-options.js';

/** A document and what a patch made of it. */
export interface Patched {
  readonly before: JsonObject;
  readonly value: JsonObject;
  readonly patch: Patch;
}

/**
 * Brings what a patch made of an object to the form of its kind. Source: apiserver's `jsonPatcher` and `smpPatcher`:
 * what does not fit is the patch's fault and is told with it.
 * @throws ApiError Invalid
 */
export function patchedForm(
  exchange: Exchange,
  patched: Patched,
  expected: BodyKind,
  validation: FieldValidation,
): KubernetesObject {
  const { value, patch } = patched;
  if (expected.namesItself) checkTypeMeta(value, expected);
  const { object, unknownFields } = normalised(exchange, patched, expected);
  // Go's converter, which a strategic merge patch passes, sorts what it finds.
  const unknown = patch.strategic ? [...unknownFields].sort() : unknownFields;
  const problems = [...patch.problems, ...unknown.map((field) => `unknown field "${field}"`)];
  if (validation === 'Warn') for (const problem of problems) exchange.warn(problem);
  if (validation === 'Strict' && problems.length > 0)
    throw invalidPatch(patched, expected, `strict decoding error: ${problems.join(', ')}`);
  object.apiVersion = expected.apiVersion;
  object.kind = expected.kind;
  object.metadata ??= {};
  return object as unknown as KubernetesObject;
}

/** A custom resource that was patched is still one of its kind and version. Source: apiextensions' `validateTypeMeta`. */
function checkTypeMeta(value: JsonObject, { apiVersion, kind }: BodyKind): void {
  const errors = Object.entries({ kind, apiVersion }).flatMap(([name, wanted]) =>
    value[name] === wanted ? [] : [invalid(path(name), value[name] ?? '', `must be ${wanted}`)],
  );
  if (errors.length === 0) return;
  const metadata = isObject(value.metadata) ? value.metadata : {};
  const group = apiVersion.slice(0, apiVersion.lastIndexOf('/'));
  throw invalidObject({ group, plural: '', kind }, String(metadata.name ?? ''), errors);
}

function normalised(exchange: Exchange, patched: Patched, expected: BodyKind) {
  const { value, patch } = patched;
  try {
    // A strategic merge patch is merged into an object of the kind; the others make a document that is read anew.
    if (!patch.strategic && !expected.namesItself) checkIdentity(exchange.server.resources, value, expected);
    return expected.normalise(value);
  } catch (error) {
    if (!isApiError(error)) throw error;
    const problem = patch.strategic ? conversionProblem(error.message) : error.message.replace(handledAs, '');
    throw invalidPatch(patched, expected, problem);
  }
}

function invalidPatch({ before, value, patch }: Patched, { schema }: BodyKind, problem: string): ApiError {
  const shown = patch.strategic
    ? goValue(leftOfPatch(patch.value))
    : patchedText(value, patch.touched(before, patch.value), schema);
  const { type, field, message } = invalid(path('patch'), shown, problem);
  return new ApiError('Invalid', ` "" is invalid: ${field}: ${message}`, {
    details: { causes: [{ reason: type, message, field }] },
  });
}

/** What a body's error says before the problem. */
const handledAs = /^\S+ in version "\S*" cannot be handled as a \S+: /;
const unmarshalProblem = /^json: cannot unmarshal (\w+)(?: .*?)? into .* of type (.*)$/;
const kindsOfValues: Readonly<Record<string, string>> = { number: 'int64', array: 'slice', object: 'map' };

/** The words of Go's converter, which a strategic merge patch passes, for those of its JSON decoder. */
export function conversionProblem(text: string): string {
  const message = text.replace(handledAs, '');
  const [, found = '', type = ''] = unmarshalProblem.exec(message) ?? [];
  if (type === '') return message;
  const kind = own(kindsOfValues, found) ?? found;
  if (type.startsWith('map[')) return `cannot restore map from ${kind}`;
  if (type.startsWith('[]')) return `cannot restore slice from ${kind}`;
  if (type.includes('.')) return `cannot restore struct from: ${kind}`;
  if (/ number -?\d+\.\d/.test(message)) return `cannot convert float64 to ${type}`;
  return kind === 'int64' ? `cannot convert int64 to ${type}` : `unrecognized type: ${type}`;
}
