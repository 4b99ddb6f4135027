import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ApiError } from '@kubewright/api';
import type { Exchange } from '../exchange.js';
import type { ProxyLocation } from '../kinds/proxy-location.js';
import type { UpgradeRequest } from './api-request.js';
import { forwardedHeaders, returnedHeaders, upgradeHead } from './forwarded-headers.js';
import { joinConnections } from './join-connections.js';
import { kubeletTls } from './kubelet-proxy.js';
import { passAnswer } from './pass-answer.js';
import { proxiedLink, withProxiedLinks } from './proxied-links.js';
import { proxyPath } from './proxy-path.js';

const connectTimeoutMs = 30_000;

/** Pages of another server are not let read by those of a third. Source: upstream's `corsRemovingTransport`. */
const corsHeaders: ReadonlySet<string> = new Set([
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
]);

/**
 * Passes a request of any method on to where a `proxy` subresource leads, and the answer back as it comes; what asks
 * for an upgrade is joined with the other server's connection. Source: apimachinery's `UpgradeAwareHandler`.
 * @throws ApiError ServiceUnavailable where nobody answers
 */
export async function proxyRequest(exchange: Exchange, location: ProxyLocation): Promise<void> {
  const { request, info } = exchange;
  const path = proxyPath(info);
  const { pathname, search } = split(request.url);
  if (request.upgrade !== undefined) {
    await upgrade(exchange, location, { path: `${path}${search}`, upgrade: request.upgrade });
    return;
  }
  // Relative links of a page would lead elsewhere.
  if (path === '' && (request.method === 'GET' || request.method === 'HEAD')) {
    exchange.send(301, 'text/plain', '', { location: `${pathname}/${search}` });
    return;
  }
  const own = pathname.slice(0, pathname.length - path.length);
  const incoming = await answerTo(exchange, location, `${path || '/'}${search}`, own);
  const headers = returnedHeaders(incoming.headers);
  for (const name of corsHeaders) delete headers[name];
  const hosts = [hostOf(location), request.headers.host];
  if (typeof headers.location === 'string') headers.location = proxiedLink(headers.location, own, hosts);
  const { 'content-type': type, 'content-encoding': encoding = '' } = incoming.headers;
  const page =
    request.method !== 'HEAD' && type?.startsWith('text/html')
      ? await withProxiedLinks(incoming, encoding, { own, hosts })
      : undefined;
  if (page !== undefined) for (const name of ofBytes) delete headers[name];
  await passAnswer(exchange, incoming, headers, page);
}

/** Headers that speak of a page's bytes, which are others once its links lead through the proxy. */
const ofBytes = ['content-length', 'content-encoding'];

function answerTo(
  exchange: Exchange,
  location: ProxyLocation,
  path: string,
  own: string,
): Promise<IncomingMessage> {
  const { request, info } = exchange;
  return new Promise((resolve, reject) => {
    const headers: OutgoingHttpHeaders = {
      ...forwardedHeaders(request),
      'x-forwarded-uri': `${own}${proxyPath(info)}`,
    };
    const outgoing = send(exchange, location, { method: request.method, path, headers });
    const timer = setTimeout(() => outgoing.destroy(new Error('the connection timed out')), connectTimeoutMs);
    outgoing.once('socket', (socket) => {
      const ready = () => clearTimeout(timer);
      if (socket.connecting) socket.once(location.scheme === 'https' ? 'secureConnect' : 'connect', ready);
      else ready();
    });
    outgoing.once('response', resolve);
    outgoing.once('error', (cause) => {
      clearTimeout(timer);
      reject(unreachable(cause));
    });
    if (bodiless.has(request.method)) outgoing.end();
    else
      request
        .bodyStream()
        .once('error', (cause) => outgoing.destroy(cause))
        .pipe(outgoing);
  });
}

const bodiless = new Set(['GET', 'HEAD']);

function send(
  exchange: Exchange,
  location: ProxyLocation,
  options: { readonly method: string; readonly path: string; readonly headers: OutgoingHttpHeaders },
): ClientRequest {
  const { host, scheme, port } = location;
  const all = { ...options, host, port, agent: false, signal: exchange.request.signal };
  return scheme === 'https' ? httpsRequest({ ...all, ...tls(exchange, location) }) : httpRequest(all);
}

async function upgrade(
  exchange: Exchange,
  location: ProxyLocation,
  { path, upgrade: { socket, head } }: { readonly path: string; readonly upgrade: UpgradeRequest },
): Promise<void> {
  const { request } = exchange;
  const upstream = await connect(exchange, location);
  const headers = { ...forwardedHeaders(request), connection: 'Upgrade', upgrade: request.headers.upgrade };
  upstream.write(upgradeHead(request.method, path.startsWith('/') ? path : `/${path}`, headers), 'latin1');
  if (head.length > 0) upstream.write(head);
  exchange.status = 101;
  await joinConnections(socket, upstream);
}

function connect(exchange: Exchange, location: ProxyLocation): Promise<Socket> {
  const { scheme, host, port = scheme === 'https' ? 443 : 80 } = location;
  return new Promise((resolve, reject) => {
    const socket =
      scheme === 'https'
        ? connectTls({ host, port, ALPNProtocols: ['http/1.1'], ...tls(exchange, location) })
        : connectPlain({ host, port });
    const fail = (cause: Error) => {
      socket.destroy();
      reject(unreachable(cause));
    };
    socket.setTimeout(connectTimeoutMs, () => fail(new Error('the connection timed out')));
    socket.once('error', fail);
    socket.once(scheme === 'https' ? 'secureConnect' : 'connect', () => {
      socket.setTimeout(0);
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

/** Pods have certificates of no CA that this server knows, and are addressed by number: as upstream, theirs pass. */
function tls({ server }: Exchange, { kubelet = false }: ProxyLocation) {
  return kubelet ? kubeletTls(server) : { rejectUnauthorized: false };
}

function hostOf({ scheme, host, port }: ProxyLocation): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return new URL(`${scheme}://${name}${port === undefined ? '' : `:${port}`}`).host;
}

function split(url: string): { readonly pathname: string; readonly search: string } {
  const mark = url.indexOf('?');
  return mark < 0 ? { pathname: url, search: '' } : { pathname: url.slice(0, mark), search: url.slice(mark) };
}

function unreachable(cause: Error): ApiError {
  return new ApiError('ServiceUnavailable', `error trying to reach service: ${cause.message}`, { cause });
}
