import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { ApiError } from '@kubewright/api';
import type { Exchange } from '../exchange.js';
import type { ResponseHeaders, UpgradeRequest } from '../http/api-request.js';
import { joinConnections } from '../http/join-connections.js';
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
  const { 'content-type': contentType = 'application/octet-stream', ...headers } = answered(incoming);
  const stream = exchange.open(incoming.statusCode ?? 502, String(contentType), headers);
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>)
      if (!stream.write(chunk)) await stream.drained();
    stream.end();
  } catch (error) {
    // The answer has begun, so all that can be said is that it is not whole.
    stream.destroy();
    if (!request.signal.aborted) throw error;
  }
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
  const lines = Object.entries(passed).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? '']).map((one) => `${name}: ${one}\r\n`),
  );
  upstream.write(`${method} ${url} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
  if (head.length > 0) upstream.write(head);
  exchange.status = 101;
  await joinConnections(socket, upstream);
}

/** Of one connection, or of who asks: the next server gets its own. */
const kept = new Set([
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te'],
  ...['trailer', 'transfer-encoding', 'upgrade', 'http2-settings', 'content-length', 'expect'],
  ...['authorization', 'cookie', 'x-forwarded-for'],
]);

/** A token in place of a subprotocol is a credential, too. */
const bearerProtocol = 'base64url.bearer.authorization.k8s.io.';

function passedOn({ request, user }: Exchange): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(request.headers))
    if (!kept.has(name) && !name.startsWith(':') && !/^(?:x-remote-|impersonate-)/.test(name))
      headers[name] = value;
  const protocols = String(headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '' && !protocol.startsWith(bearerProtocol));
  if (protocols.length > 0) headers['sec-websocket-protocol'] = protocols.join(', ');
  else delete headers['sec-websocket-protocol'];
  headers['x-forwarded-for'] = request.remoteAddress;
  for (const [name, value] of identityHeaders(user)) {
    const before = headers[name];
    headers[name] =
      before === undefined ? value : [...(Array.isArray(before) ? before : [String(before)]), value];
  }
  return headers;
}

function answered({ headers }: IncomingMessage): ResponseHeaders {
  const passed: ResponseHeaders = {};
  for (const [name, value] of Object.entries(headers))
    if (!kept.has(name) && value !== undefined) passed[name] = value;
  return passed;
}

function unreachable(cause: unknown): ApiError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ApiError('ServiceUnavailable', `error trying to reach service: ${why}`, { cause });
}
