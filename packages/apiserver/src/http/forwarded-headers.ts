import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { ApiRequest, ResponseHeaders } from './api-request.js';

/** Of one connection alone. Source: RFC 9110, 7.6.1. */
const ofConnection: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te'],
  ...['trailer', 'transfer-encoding', 'upgrade', 'http2-settings', 'expect'],
]);

/** Credentials, and who somebody says that he is: nothing behind this server gets to see or to believe them. */
const ofIdentity = /^(?:authorization$|x-remote-|impersonate-)/;

/** A token in place of a subprotocol is a credential, too. */
const bearerProtocol = 'base64url.bearer.authorization.k8s.io.';

/** The headers of a request as another server gets them. */
export function forwardedHeaders({ headers: sent, remoteAddress }: ApiRequest): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(sent))
    if (!ofConnection.has(name) && !name.startsWith(':') && !ofIdentity.test(name)) headers[name] = value;
  const protocols = String(headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '' && !protocol.startsWith(bearerProtocol));
  if (protocols.length > 0) headers['sec-websocket-protocol'] = protocols.join(', ');
  else delete headers['sec-websocket-protocol'];
  headers['x-forwarded-for'] = remoteAddress;
  return headers;
}

/** The headers of another server's answer as the client gets them. */
export function returnedHeaders(headers: IncomingHttpHeaders): ResponseHeaders {
  const passed: ResponseHeaders = {};
  for (const [name, value] of Object.entries(headers))
    if (!ofConnection.has(name) && value !== undefined) passed[name] = value;
  return passed;
}

/** The head of a request that asks another server for the upgrade that the client asked for. */
export function upgradeHead(method: string, path: string, headers: OutgoingHttpHeaders): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [String(value ?? '')]).map((one) => `${name}: ${one}\r\n`),
  );
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}
