import { ApiError, type StatusReason } from '@kubewright/api';
import type { TransportRequest, TransportResponse } from '@kubewright/client';

const reasons: Readonly<Record<number, StatusReason>> = {
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
};

/** What a server answers that refuses a request with this code. */
export function statusResponse(
  code: number,
  {
    message = 'this fault is part of a test',
    retryAfterSeconds,
  }: { readonly message?: string; readonly retryAfterSeconds?: number } = {},
): TransportResponse {
  const status = new ApiError(reasons[code] ?? '', message, { code }).toStatus();
  return {
    status: code,
    headers: {
      'content-type': 'application/json',
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    },
    body: once(new TextEncoder().encode(JSON.stringify(status))),
  };
}

/** The last line of a watch whose revision the server has forgotten. */
export function expiredWatch(): Uint8Array {
  const object = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
  return new TextEncoder().encode(`${JSON.stringify({ type: 'ERROR', object })}\n`);
}

/** The same answer, with its body read to the end. */
export async function whole(response: TransportResponse): Promise<TransportResponse> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return { ...response, body: once(Buffer.concat(chunks)) };
}

const nameCharacters = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * The request, with a name where it leaves one to the server: the server's own are random, and a run has to be the same
 * each time.
 */
export function named(request: TransportRequest, random: () => number): TransportRequest {
  if (request.method !== 'POST' || typeof request.body !== 'string') return request;
  const object = JSON.parse(request.body) as { metadata?: { name?: string; generateName?: string } };
  const { name, generateName } = object.metadata ?? {};
  if (generateName === undefined || name !== undefined) return request;
  const suffix = Array.from(
    { length: 5 },
    () => nameCharacters[Math.floor(random() * nameCharacters.length)],
  );
  const metadata = { ...object.metadata, name: generateName + suffix.join('') };
  return { ...request, body: JSON.stringify({ ...object, metadata }) };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
