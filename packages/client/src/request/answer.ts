import type { Status, StatusReason } from '@kubewright/api';
import { ApiError } from '@kubewright/api/protocol';
import type { TransportResponse } from '../transport/transport.js';

/** The call that an answer belongs to, for messages. */
interface CallName {
  readonly method: string;
  readonly path: string;
}

type Head = Pick<TransportResponse, 'status' | 'headers'>;

/** What the Retry-After header of an error's answer said, in milliseconds. */
const retryAfter = new WeakMap<ApiError, number>();

export function retryAfterMs(error: ApiError): number | undefined {
  return retryAfter.get(error);
}

/** The error that an answer outside 2xx stands for. */
export function errorOf(call: CallName, response: Head, body: Uint8Array): ApiError {
  const text = new TextDecoder().decode(body);
  const status = statusOf(text);
  const error =
    status === undefined
      ? new ApiError(reasonOf(response.status), describe(call, response, text), { code: response.status })
      : ApiError.fromStatus({ ...status, code: status.code || response.status });
  const seconds = Number(response.headers['retry-after']);
  if (response.headers['retry-after'] !== undefined && Number.isFinite(seconds) && seconds >= 0)
    retryAfter.set(error, seconds * 1000);
  return error;
}

/** @throws ApiError when the body is no JSON: a proxy's page, a cut answer */
export function parseAnswer<T>(call: CallName, response: Head, body: Uint8Array): T {
  const text = new TextDecoder().decode(body);
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new ApiError('', describe(call, response, text), { code: response.status, cause });
  }
}

/** The texts of `Warning: 299 - "text"` headers. Source: RFC 7234, 5.5. */
export function warningsOf(headers: Readonly<Record<string, string>>): string[] {
  const header = headers.warning;
  if (header === undefined) return [];
  return [...header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) =>
    (match[1] ?? '').replaceAll(/\\(.)/g, '$1'),
  );
}

function statusOf(text: string): Status | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isStatus =
      typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status';
    return isStatus ? (value as Status) : undefined;
  } catch {
    // Not JSON: the caller says what came instead.
    return undefined;
  }
}

function describe(call: CallName, response: Head, text: string): string {
  const type = response.headers['content-type'] ?? 'no content type';
  const excerpt = text.replaceAll(/\s+/g, ' ').trim().slice(0, 200);
  return (
    `${call.method} ${call.path} was answered with ${response.status} and ` +
    `${excerpt === '' ? 'an empty body' : `a body that is no Kubernetes object (${type}): ${excerpt}`}` +
    (type.startsWith('text/html')
      ? '. Something else answers at this address, such as a login page or a proxy: check `server`'
      : '')
  );
}

/** The reasons that an answer without a Status gets. Source: apimachinery's `NewGenericServerResponse`. */
const genericReasons: Readonly<Record<number, StatusReason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function reasonOf(code: number): StatusReason {
  return genericReasons[code] ?? '';
}
