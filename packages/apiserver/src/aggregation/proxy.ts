import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { ApiError } from '@kubewright/api';
import type { Exchange } from '../exchange.js';
import type { UpgradeRequest } from '../http/api-request.js';
import { forwardedHeaders, returnedHeaders, upgradeHead } from '../http/forwarded-headers.js';
import { joinConnections } from '../http/join-connections.js';
import { passAnswer } from '../http/pass-answer.js';
import { identityHeaders } from './identity-headers.js';
import type { RemoteServer } from './remote-server.js';

/** Passes a request on as it is, with the user in headers instead of his credentials, and the answer back as it comes. */
export async function proxyToServer(exchange: Exchange, remote: RemoteServer): Promise<void> {
  const { upgrade } = exchange.request;
  if (upgrade !== undefined) {
    await proxyUpgrade(exchange, remote, upgrade);
    return;
  }
  const { request } = exchange;
  const body = bodiless.has(request.method) ? undefined : await request.readBody();
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    const fail = (cause: unknown) => reject(unreachable(cause));
    try {
      const headers = {
        ...passedOn(exchange),
        ...(body === undefined ? {} : { 'content-length': body.length }),
      };
      const outgoing = remote.send({
        method: request.method,
        path: request.url,
        headers,
        signal: request.signal,
      });
      outgoing.once('response', resolve).once('error', fail).end(body);
    } catch (cause) {
      fail(cause);
    }
  });
  const { 'content-length': _, ...headers } = returnedHeaders(incoming.headers);
  await passAnswer(exchange, incoming, headers);
}

const bodiless = new Set(['GET', 'HEAD']);

async function proxyUpgrade(
  exchange: Exchange,
  remote: RemoteServer,
  { socket, head }: UpgradeRequest,
): Promise<void> {
  const { method, url, headers } = exchange.request;
  const upstream = await remote.connect().catch((cause: unknown) => {
    throw unreachable(cause);
  });
  const passed = { ...passedOn(exchange), connection: 'Upgrade', upgrade: headers.upgrade };
  upstream.write(upgradeHead(method, url, passed), 'latin1');
  if (head.length > 0) upstream.write(head);
  exchange.status = 101;
  await joinConnections(socket, upstream);
}

/** With the user in headers; cookies are those of this server. */
function passedOn({ request, user }: Exchange): OutgoingHttpHeaders {
  const { cookie: _, 'content-length': __, ...headers } = forwardedHeaders(request);
  for (const [name, value] of identityHeaders(user)) {
    const before = headers[name];
    headers[name] =
      before === undefined ? value : [...(Array.isArray(before) ? before : [String(before)]), value];
  }
  return headers;
}

function unreachable(cause: unknown): ApiError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ApiError('ServiceUnavailable', `error trying to reach service: ${why}`, { cause });
}
