import {
  ApiError,
  badRequest,
  decodeJson,
  isApiError,
  JsonSyntaxError,
  type KubernetesObject,
} from '@kubewright/api';
import { decodeProtobuf } from '../encoding/protobuf.js';
import { fromYaml } from '../encoding/yaml.js';
import type { Exchange } from '../exchange.js';
import type { BodyKind } from '../schema/body-kind.js';
import type { FieldValidation } from './write-options.js';

const mediaTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** The media type of the body without its parameters. */
export function contentTypeOf({ request }: Exchange): string {
  return (request.headers['content-type'] ?? 'application/json').split(';')[0]?.trim().toLowerCase() ?? '';
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
  const type = contentTypeOf(exchange);
  if (!mediaTypes.includes(type))
    throw new ApiError(
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${mediaTypes.join(', ')}`,
    );
  return decodeObject(exchange, await exchange.request.readBody(), expected, validation);
}

/** The same for bytes that have been read. */
export function decodeObject(
  exchange: Exchange,
  bytes: Buffer,
  expected: BodyKind,
  validation: FieldValidation,
): KubernetesObject {
  const { value, duplicates } = parseBody(contentTypeOf(exchange), bytes, expected);
  checkIdentity(value, expected);
  return toForm(exchange, value, expected, validation, duplicates);
}

/**
 * Brings a value to the schema's form; unknown and duplicate fields are refused, warned of or ignored as the client
 * asked.
 * @throws ApiError BadRequest
 */
export function toForm(
  exchange: Exchange,
  value: Record<string, unknown>,
  expected: BodyKind,
  validation: FieldValidation,
  duplicates: readonly string[],
): KubernetesObject {
  const { object, unknownFields } = wording(expected, () => expected.normalise(value));
  const problems = [
    ...unknownFields.map((field) => `unknown field "${field}"`),
    ...duplicates.map((field) => `duplicate field "${field}"`),
  ];
  if (validation === 'Warn') exchange.warn(...problems);
  if (validation === 'Strict' && problems.length > 0)
    throw cannotBeHandled(expected, `strict decoding error: ${problems.join(', ')}`);
  object.apiVersion = expected.apiVersion;
  object.kind = expected.kind;
  object.metadata ??= {};
  return object as unknown as KubernetesObject;
}

function checkIdentity(value: Record<string, unknown>, expected: BodyKind): void {
  const { apiVersion, kind } = value;
  if (
    !expected.anyVersion &&
    apiVersion !== undefined &&
    apiVersion !== '' &&
    apiVersion !== expected.apiVersion
  )
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected.apiVersion})`,
    );
  if (kind !== undefined && kind !== '' && kind !== expected.kind)
    throw badRequest(
      `${String(kind)} in version "${expected.version}" cannot be handled as a ${expected.kind}: converting (v1.${String(kind)}) to (v1.${expected.kind}): unknown conversion`,
    );
}

function parseBody(
  type: string,
  bytes: Buffer,
  expected: BodyKind,
): { value: Record<string, unknown>; duplicates: readonly string[] } {
  try {
    if (type === 'application/vnd.kubernetes.protobuf') {
      const { apiVersion, kind, object } = decodeProtobuf(bytes);
      return { value: { apiVersion, kind, ...object }, duplicates: [] };
    }
    const { value, duplicates } =
      type === 'application/yaml'
        ? { value: fromYaml(bytes.toString('utf8')), duplicates: [] }
        : decodeJson(bytes);
    return { value: asRecord(value), duplicates };
  } catch (error) {
    if (!(error instanceof JsonSyntaxError) && !isApiError(error)) throw error;
    throw badRequest(
      `the object provided is unrecognized (must be of type ${expected.kind}): couldn't get version/kind; json parse error: ${error.message} (${summary(bytes)})`,
    );
  }
}

function asRecord(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  const type = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
  throw badRequest(`json: cannot unmarshal ${type} into Go value of type struct`);
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
