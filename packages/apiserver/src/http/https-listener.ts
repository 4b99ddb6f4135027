import { constants } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { AllowedHosts } from './allowed-hosts.js';
import type { ApiRequest, ByteStream, ResponseHeaders, ResponseSink } from './api-request.js';
import { answerClientError } from './client-error.js';
import { mayUpgrade, withCors } from './cors.js';
import { expressAdapter, type HandleRequest } from './express-adapter.js';
import { HttpRequest } from './http-request.js';
import { Http2Adapter } from './http2-adapter.js';
import { identify, readBundle, type TrustedAuthorities } from './tls-identity.js';
import { untilDrained } from './until-drained.js';

/** What a listener shows, and whom it takes for whom. PEM. */
export interface ListenerCertificates {
  readonly certificate: string;
  readonly key: string;
  /** The CAs whose client certificates are identities. */
  readonly clientCA: string;
  /** The CAs whose client certificates may say on whose behalf they ask. @default none may */
  readonly requestHeaderCA?: string | undefined;
}

export interface HttpsOptions extends ListenerCertificates {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Connections at a time; what comes beyond is closed at once. @default 20000 */
  readonly maxConnections?: number;
  readonly clientTimeouts?: Partial<ClientTimeouts>;
  /** Names that clients may use besides those of the certificate. @default none */
  readonly allowedHosts?: readonly string[];
  /** Pages whose origin has a match of one of these may read answers. @default none may */
  readonly corsAllowedOrigins?: readonly RegExp[];
}

/** How long clients may take, in milliseconds, so that one who sends a byte now and then holds nothing for long. */
export interface ClientTimeouts {
  /** To agree on TLS. @default 10000 */
  readonly handshakeMs: number;
  /** For the head of a request. @default 32000, as upstream */
  readonly headersMs: number;
  /** For a whole request. @default 120000 */
  readonly requestMs: number;
  /** Between requests. @default 90000 */
  readonly idleMs: number;
}

export interface HttpsListener {
  readonly host: string;
  readonly port: number;
  /** Shows another certificate, and takes others, from the next connection on. */
  replace(certificates: ListenerCertificates): void;
  /** Takes no new connection, ends idle ones, and destroys what is left after `graceMs`. */
  close(graceMs?: number): Promise<void>;
}

/** Header and URL bytes of one request, beyond which it is answered 431. Upstream's, which is that of Go's server. */
const maxHeaderBytes = 1 << 20;

const clientTimeouts: ClientTimeouts = {
  handshakeMs: 10_000,
  headersMs: 32_000,
  requestMs: 120_000,
  idleMs: 90_000,
};
/** How often those who take too long are looked for, at most. */
const lookMs = 5_000;

/** While the server closes, connections whose last answer is out are ended so often, in milliseconds. */
const closeIdleMs = 20;

/**
 * Serves the core over TLS, on one port: HTTP/1.1 through Express, with upgrades beside it, and HTTP/2 for the clients
 * that choose it; all through the same stages.
 * @param onHandshakeError told of connections that end before the two sides have agreed on TLS
 */
export async function listenHttps(
  core: HandleRequest,
  options: HttpsOptions,
  onHandshakeError: () => void,
): Promise<HttpsListener> {
  let closing = false;
  const { allowedHosts = [], corsAllowedOrigins = [] } = options;
  const { handshakeMs, headersMs, requestMs, idleMs } = { ...clientTimeouts, ...options.clientTimeouts };
  let authorities = authoritiesOf(options);
  const hosts = new AllowedHosts(options.certificate, allowedHosts);
  const handle = guarded(
    corsAllowedOrigins.length === 0 ? core : withCors(core, corsAllowedOrigins),
    hosts,
    corsAllowedOrigins,
  );
  const adapter = expressAdapter(handle, () => closing);
  const server = createServer(
    {
      handshakeTimeout: handshakeMs,
      requestTimeout: requestMs,
      headersTimeout: headersMs,
      connectionsCheckingInterval: Math.min(lookMs, headersMs / 4),
      keepAliveTimeout: idleMs,
      ...secureContext(options),
      requestCert: true,
      rejectUnauthorized: false,
      maxHeaderSize: maxHeaderBytes,
      ALPNProtocols: ['h2', 'http/1.1'],
      IncomingMessage: adapter.IncomingMessage,
      ServerResponse: adapter.ServerResponse,
    },
    adapter.app,
  );
  server.on('tlsClientError', onHandshakeError);
  server.on('clientError', answerClientError);
  server.maxConnections = options.maxConnections ?? 20_000;
  const http2 = new Http2Adapter(handle, { maxHeaderBytes, idleMs });
  shareConnections(server, http2, () => authorities);
  const upgraded = new Set<Duplex>();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    handleUpgrade(handle, request, socket, head);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { address, port } = server.address() as AddressInfo;
  return {
    host: address,
    port,
    replace: (certificates) => {
      server.setSecureContext(secureContext(certificates));
      authorities = authoritiesOf(certificates);
      hosts.replace(certificates.certificate);
    },
    close: (graceMs = 0) => {
      closing = true;
      return close(server, { http2, upgraded }, graceMs);
    },
  };
}

/** Forward secrecy and authenticated encryption only. Source: Mozilla's intermediate configuration, without DHE. */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

function secureContext({ certificate, key, clientCA, requestHeaderCA = '' }: ListenerCertificates) {
  return {
    cert: certificate,
    key,
    ca: [clientCA, requestHeaderCA].filter((bundle) => bundle !== ''),
    ciphers,
    minVersion: 'TLSv1.2' as const,
    // A session that is resumed has no chain, which would be needed to know the one CA from the other.
    ...(requestHeaderCA === '' ? {} : { secureOptions: constants.SSL_OP_NO_TICKET }),
  };
}

function authoritiesOf({ clientCA, requestHeaderCA = '' }: ListenerCertificates): TrustedAuthorities {
  return { client: readBundle(clientCA), 'front proxy': readBundle(requestHeaderCA) };
}

/** Turns away who means another host, and pages that may not open a WebSocket here. */
function guarded(handle: HandleRequest, hosts: AllowedHosts, origins: readonly RegExp[]): HandleRequest {
  return (request, sink) => {
    if (!hosts.allows(request.headers.host) && !isFrontProxy(request)) {
      sink.send(421, { 'content-type': 'text/plain' }, 'misdirected request: no host of that name is here\n');
      return Promise.resolve();
    }
    if (request.upgrade !== undefined && !mayUpgrade(request, origins)) {
      sink.send(
        403,
        { 'content-type': 'text/plain' },
        'forbidden: pages of that origin may not connect here\n',
      );
      return Promise.resolve();
    }
    return handle(request, sink);
  };
}

/** One names the host as its cluster knows it, and no page has its certificate. */
function isFrontProxy({ certificate }: ApiRequest): boolean {
  return certificate?.trustedAs.includes('front proxy') === true;
}

/** Gives each connection to the protocol that its client chose; the server itself takes HTTP/1.1. */
function shareConnections(server: Server, http2: Http2Adapter, authorities: () => TrustedAuthorities): void {
  const http1 = server.listeners('secureConnection');
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', (socket) => {
    // While the socket is its own: an HTTP/2 session takes it over.
    identify(socket, authorities());
    if (socket.alpnProtocol === 'h2') http2.accept(socket);
    else for (const listener of http1) listener.call(server, socket);
  });
}

function handleUpgrade(handle: HandleRequest, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  // A reset is the client's way of leaving; the close that follows ends the request.
  socket.on('error', () => socket.destroy());
  const apiRequest = new HttpRequest(request, {
    body: request,
    connection: socket,
    upgrade: { socket, head },
  });
  handle(apiRequest, new SocketSink(socket)).catch((error: unknown) =>
    socket.destroy(error instanceof Error ? error : new Error(String(error))),
  );
}

interface Beside {
  readonly http2: Http2Adapter;
  readonly upgraded: ReadonlySet<Duplex>;
}

async function close(server: Server, { http2, upgraded }: Beside, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  http2.close();
  const idle = setInterval(() => server.closeIdleConnections(), closeIdleMs);
  const timer = setTimeout(() => {
    server.closeAllConnections();
    http2.destroy();
    for (const socket of upgraded) socket.destroy();
  }, graceMs);
  await closed;
  clearInterval(idle);
  clearTimeout(timer);
}

/** Answers a refused upgrade on the bare socket and ends it. */
class SocketSink implements ResponseSink {
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  send(status: number, headers: ResponseHeaders, body: Uint8Array | string): void {
    const bytes = Buffer.from(body);
    const stream = this.open(status, { ...headers, 'content-length': String(bytes.length) });
    stream.write(bytes);
    stream.end();
  }

  open(status: number, headers: ResponseHeaders): ByteStream {
    const socket = this.#socket;
    const lines = Object.entries(headers).flatMap(([name, value]) =>
      (typeof value === 'string' ? [value] : value).map((one) => `${name}: ${one}\r\n`),
    );
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}connection: close\r\n\r\n`,
    );
    return {
      write: (bytes) => socket.write(bytes),
      drained: (withinMs) => untilDrained(socket, withinMs),
      end: () => socket.end(),
      destroy: () => socket.destroy(),
    };
  }
}
