import type { ConnectionOptions } from '../kubeconfig/connection.js';
import { flatHeaders } from './headers.js';
import { tlsOptions } from './tls-options.js';
import {
  ConnectRefused,
  type ConnectRequest,
  type Transport,
  type TransportConnection,
  TransportError,
  type TransportRequest,
  type TransportResponse,
} from './transport.js';
import { transportErrorOf } from './transport-error.js';

/**
 * HTTP/1.1 over TLS (or without, for an `http:` server), with kept connections. No deadline of its own: a watch may
 * be silent for long, and calls carry theirs in their signal.
 * @throws TypeError when `server` is no http or https URL
 */
export async function httpsTransport(connection: ConnectionOptions): Promise<Transport> {
  const server = new URL(connection.server);
  if (server.protocol !== 'https:' && server.protocol !== 'http:')
    throw new TypeError(`the server must be an http or https URL, not ${connection.server}`);
  // Loaded here, so that those who talk to a server in the same process never pay for it.
  const { Agent } = await import('undici');
  const basePath = server.pathname.replace(/\/$/, '');
  const tls = tlsOptions(connection);
  const agent = new Agent({
    connect: { ...tls, keepAliveInitialDelay: 15_000, timeout: 10_000 },
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  const sockets = new Set<TransportConnection>();

  return {
    async request(request: TransportRequest): Promise<TransportResponse> {
      const headers = { ...(await authHeaders(connection)), ...request.headers };
      try {
        const {
          statusCode,
          headers: answered,
          body,
        } = await agent.request({
          origin: server.origin,
          path: pathOf(basePath, request),
          method: request.method as 'GET',
          headers: headerList(headers),
          body: request.body ?? null,
          signal: request.signal ?? null,
        });
        return { status: statusCode, headers: flatHeaders(answered), body: checked(body, request) };
      } catch (error) {
        throw transportErrorOf(error, request, server.origin);
      }
    },

    async connect(request: ConnectRequest): Promise<TransportConnection> {
      const headers = { ...(await authHeaders(connection)), ...request.headers };
      const { openWebSocket } = await import('./web-socket.js');
      const url = new URL(pathOf(basePath, request), server.origin.replace(/^http/, 'ws'));
      try {
        const opened = await openWebSocket(url, { ...request, headers, tls });
        sockets.add(opened);
        opened.closed.then(() => sockets.delete(opened));
        return opened;
      } catch (error) {
        if (error instanceof ConnectRefused) throw error;
        throw transportErrorOf(error, { ...request, method: 'GET' }, server.origin);
      }
    },

    async close() {
      for (const socket of sockets) socket.close();
      await agent.destroy(new TransportError('the client is closed', { unsent: false, permanent: true }));
    },
  };
}

type Headers = Readonly<Record<string, string | readonly string[]>>;

async function authHeaders(connection: ConnectionOptions): Promise<Headers> {
  const { token, basic, impersonate } = connection;
  const authorization =
    token !== undefined
      ? `Bearer ${await token()}`
      : basic !== undefined
        ? `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}`
        : undefined;
  return {
    ...(authorization === undefined ? {} : { authorization }),
    ...(impersonate === undefined ? {} : { 'impersonate-user': impersonate.user }),
    ...(impersonate?.uid === undefined ? {} : { 'impersonate-uid': impersonate.uid }),
    ...(impersonate?.groups === undefined ? {} : { 'impersonate-group': impersonate.groups }),
  };
}

function pathOf(basePath: string, request: Pick<TransportRequest, 'path' | 'query'>): string {
  const query = request.query?.toString() ?? '';
  return `${basePath}${request.path}${query === '' ? '' : `?${query}`}`;
}

/** Names and values in turn: a name may come more than once. */
function headerList(headers: Headers): string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [name, value] : value.flatMap((one) => [name, one]),
  );
}

/** The body, whose faults come as TransportErrors. */
async function* checked(
  body: AsyncIterable<Uint8Array>,
  request: TransportRequest,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } catch (error) {
    throw transportErrorOf(error, request, undefined);
  }
}
