import {
  ApiError,
  badRequest,
  decodeJson,
  encodeJson,
  isApiError,
  type JsonReading,
  JsonSyntaxError,
  type KubernetesObject,
} from '@kubewright/api';
import { decodeProtobuf } from '../encoding/protobuf.js';
import { fromYaml } from '../encoding/yaml.js';
import type { Exchange } from '../exchange.js';
import { goJsonName, isObject } from '../patch/json-object.js';
import type { ResourceTable } from '../registry/resource-table.js';
import type { BodyKind } from '../schema/body-kind.js';
import { invalid, invalidObject, path } from '../validation/field-error.js';
import type { FieldValidation } from './write-options.js';

const mediaTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** The media type of the body without its parameters. */
export function contentTypeOf({ request }: Exchange): string {
  return (request.headers['content-type'] || 'application/json').split(';')[0]?.trim().toLowerCase() ?? '';
}

/**
 * Reads the request's body as an object of the kind.
 * @throws ApiError UnsupportedMediaType, BadRequest, RequestEntityTooLarge
 */
export async function readObject(
  exchange: Exchange,
  expected: BodyKind,
  validation: FieldValidation,
): Promise<KubernetesObject> {
  return (await readCopies(exchange, expected, validation))();
}

/** The same for those who may need it again: each call makes another object. */
export async function readCopies(
  exchange: Exchange,
  expected: BodyKind,
  validation: FieldValidation,
): Promise<() => KubernetesObject> {
  checkContentType(exchange);
  const bytes = await exchange.readBody();
  return () => decodeObject(exchange, bytes, expected, validation);
}

/** @throws ApiError UnsupportedMediaType */
export function checkContentType(exchange: Exchange): void {
  if (mediaTypes.includes(contentTypeOf(exchange))) return;
  throw new ApiError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${mediaTypes.join(', ')}`,
  );
}

/** The same for bytes that have been read. */
export function decodeObject(
  exchange: Exchange,
  bytes: Buffer,
  expected: BodyKind,
  validation: FieldValidation,
): KubernetesObject {
  const { value, problems } = parseBody(contentTypeOf(exchange), bytes, expected);
  if (expected.namesItself) checkOwnIdentity(value, bytes, expected);
  else checkIdentity(exchange.server.resources, value, expected);
  const object = toForm(exchange, value, expected, validation, problems, true);
  exchange.audit?.requested(object);
  return object;
}

/**
 * Brings a value to the schema's form; unknown and duplicate fields are refused, warned of or ignored as the client
 * asked. The value may be changed in place where it is `owned`.
 * @throws ApiError BadRequest
 */
export function toForm(
  exchange: Exchange,
  value: Record<string, unknown>,
  expected: BodyKind,
  validation: FieldValidation,
  parsing: readonly string[],
  owned = false,
): KubernetesObject {
  const { object, unknownFields } = wording(expected, () => expected.normalise(value, owned));
  const unknown = unknownFields.map((field) => `unknown field "${field}"`);
  // What a reader of YAML finds stands before what the reader of the JSON that it makes finds.
  const isYaml = parsing.some((problem) => yamlProblem.test(problem));
  const problems = isYaml ? [...parsing, ...unknown] : [...unknown, ...parsing];
  // There may be more of them than a call takes arguments.
  if (validation === 'Warn') for (const text of problems) exchange.warn(text.replace(yamlProblem, ''));
  if (validation === 'Strict' && problems.length > 0)
    throw cannotBeHandled(expected, `strict decoding error: ${problems.join(', ')}`);
  object.apiVersion = expected.apiVersion;
  object.kind = expected.kind;
  object.metadata ??= {};
  return object as unknown as KubernetesObject;
}

/** What stands before each problem that go-yaml found; warnings go without. */
const yamlProblem = /^yaml: unmarshal errors:\n {2}/;

/** @throws ApiError BadRequest for an object that says that it is of another kind or version */
export function checkIdentity(
  resources: ResourceTable,
  value: Record<string, unknown>,
  expected: BodyKind,
): void {
  const apiVersion = textOr(value.apiVersion, expected.apiVersion);
  const kind = textOr(value.kind, expected.kind);
  const sameKind = kind === expected.kind;
  if (sameKind && (apiVersion === expected.apiVersion || expected.anyVersion)) return;
  if (sameKind && expected.formerVersions?.includes(apiVersion)) return;
  const [group, version] = splitApiVersion(apiVersion);
  const handled = `${kind} in version "${version}" cannot be handled as a ${expected.kind}`;
  if (!resources.has(group, version, kind))
    throw badRequest(
      `${handled}: no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/api/legacyscheme/scheme.go:30"`,
    );
  const [expectedGroup] = splitApiVersion(expected.apiVersion);
  if (sameKind && group === expectedGroup)
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected.apiVersion})`,
    );
  const internal = (expectedGroup || 'core').split('.')[0];
  throw badRequest(
    `${handled}: converting (${version}.${kind}) to (${internal}.${expected.kind}): unknown conversion`,
  );
}

/**
 * The same of a custom resource, whose words are others. Source: apiextensions' `schemaCoercingDecoder` and the
 * decoder of unstructured objects.
 */
function checkOwnIdentity(value: Record<string, unknown>, bytes: Buffer, expected: BodyKind): void {
  const unrecognized = (why: string) =>
    badRequest(
      `the object provided is unrecognized (must be of type ${expected.kind}): ${why} (${summary(bytes)})`,
    );
  for (const field of ['apiVersion', 'kind'] as const) {
    const given = value[field] ?? '';
    if (typeof given === 'string') continue;
    const why = `json: cannot unmarshal ${goJsonName(given)} into Go struct field .${field} of type string`;
    throw unrecognized(`${noIdentity}${why}`);
  }
  const apiVersion = textOr(value.apiVersion, '');
  if (apiVersion.split('/').length > 2) throw unrecognized(`unexpected GroupVersion string: ${apiVersion}`);
  const kind = textOr(value.kind, '');
  if (kind === '') throw unrecognized(`Object 'Kind' is missing in '${encodeJson(value)}'`);
  if (apiVersion !== expected.apiVersion)
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected.apiVersion})`,
    );
  if (kind === expected.kind) return;
  const { metadata } = value;
  const name = isObject(metadata) && typeof metadata.name === 'string' ? metadata.name : '';
  const [group] = splitApiVersion(apiVersion);
  throw invalidObject({ group, plural: '', kind }, name, [
    invalid(path('kind'), kind, `must be ${expected.kind}`),
  ]);
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' && value !== '' ? value : otherwise;
}

function splitApiVersion(apiVersion: string): [group: string, version: string] {
  const slash = apiVersion.indexOf('/');
  return [apiVersion.slice(0, Math.max(slash, 0)), apiVersion.slice(slash + 1)];
}

function parseBody(
  type: string,
  bytes: Buffer,
  expected: BodyKind,
): { value: Record<string, unknown>; problems: readonly string[] } {
  try {
    if (type === 'application/vnd.kubernetes.protobuf') {
      const { apiVersion, kind, object } = decodeProtobuf(bytes);
      return { value: { apiVersion, kind, ...object }, problems: [] };
    }
    const { value, problems } =
      type === 'application/yaml'
        ? fromYaml(bytes.toString('utf8'))
        : fromJson(bytes, expected.namesItself ? 'plain' : 'struct');
    return { value: asRecord(value), problems };
  } catch (error) {
    if (!(error instanceof JsonSyntaxError) && !isApiError(error)) throw error;
    const where = error instanceof JsonSyntaxError ? noIdentity : '';
    throw badRequest(
      `the object provided is unrecognized (must be of type ${expected.kind}): ${where}${error.message} (${summary(bytes)})`,
    );
  }
}

/** A JSON body as a value, and what a strict reader refuses. @throws JsonSyntaxError */
export function fromJson(
  bytes: Buffer,
  reading: JsonReading,
): { value: unknown; problems: readonly string[] } {
  const { value, duplicates } = decodeJson(bytes, reading);
  return { value, problems: duplicates.map((field) => `duplicate field "${field}"`) };
}

const noIdentity = "couldn't get version/kind; json parse error: ";

function asRecord(value: unknown): Record<string, unknown> {
  // As upstream: null is an object without anything.
  if (value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  throw badRequest(
    `${noIdentity}json: cannot unmarshal ${type} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
  );
}

const summaryBytes = 30;

/** The start of a body for an error, as upstream shows it. */
function summary(bytes: Buffer): string {
  if (bytes.length === 0) return '<empty>';
  const encoding = bytes[0] === 0x7b ? 'utf8' : 'hex';
  const start = bytes.subarray(0, summaryBytes).toString(encoding);
  return bytes.length > summaryBytes ? `${start} ...` : start;
}

function wording<T>(expected: BodyKind, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!isApiError(error)) throw error;
    throw cannotBeHandled(expected, error.message);
  }
}

function cannotBeHandled({ kind, version }: BodyKind, why: string): ApiError {
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
}
