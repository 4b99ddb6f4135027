import type { ConnectionOptions } from '../kubeconfig/connection.js';
import { readAll } from '../request/body.js';
import { flatHeaders } from './headers.js';
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
  const { AgentPool, proxiedSocket } = await import('./agent-pool.js');
  const basePath = server.pathname.replace(/\/$/, '');
  const pool = new AgentPool(connection);

  const sockets = new Set<TransportConnection>();

  async function send(request: TransportRequest): Promise<TransportResponse> {
    const [{ agent }, auth] = await Promise.all([pool.current(), authHeaders(connection)]);
    try {
      const answer = await agent.request({
        origin: server.origin,
        path: pathOf(basePath, request),
        method: request.method as 'GET',
        headers: headerList({ ...auth, ...request.headers }),
        body: request.body ?? null,
        signal: request.signal ?? null,
      });
      return {
        status: answer.statusCode,
        headers: flatHeaders(answer.headers),
        body: checked(answer.body, request),
      };
    } catch (error) {
      throw transportErrorOf(error, request, server.origin);
    }
  }

  async function open(request: ConnectRequest): Promise<TransportConnection> {
    const [{ tls }, auth] = await Promise.all([pool.current(), authHeaders(connection)]);
    const { openWebSocket } = await import('./web-socket.js');
    const url = new URL(pathOf(basePath, request), server.origin.replace(/^http/, 'ws'));
    try {
      const { proxyUrl } = connection;
      const socket = proxyUrl === undefined ? undefined : await proxiedSocket(proxyUrl, url, tls);
      const opened = await openWebSocket(url, {
        ...request,
        headers: { ...auth, ...request.headers },
        tls,
        socket,
      });
      sockets.add(opened);
      opened.closed.then(() => sockets.delete(opened));
      return opened;
    } catch (error) {
      if (error instanceof ConnectRefused) throw error;
      throw transportErrorOf(error, { ...request, method: 'GET' }, server.origin);
    }
  }

  return {
    host: server.host,

    async request(request: TransportRequest): Promise<TransportResponse> {
      const response = await send(request);
      if (response.status !== 401 || connection.renew === undefined) return response;
      // A refused request was not carried out: with new credentials it may be sent again, whatever it is.
      await readAll(response.body);
      connection.renew();
      return send(request);
    },

    async connect(request: ConnectRequest): Promise<TransportConnection> {
      try {
        return await open(request);
      } catch (error) {
        const renewable = error instanceof ConnectRefused && error.response.status === 401;
        if (!renewable || connection.renew === undefined) throw error;
        await readAll(error.response.body);
        connection.renew();
        return open(request);
      }
    },

    async close() {
      for (const socket of sockets) socket.close();
      await pool.close(new TransportError('the client is closed', { unsent: false, permanent: true }));
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
    ...Object.fromEntries(
      Object.entries(impersonate?.extra ?? {}).map(([name, values]) => [
        // Header names have few characters and no case; the server takes the rest percent-encoded.
        `impersonate-extra-${encodeURIComponent(name).replaceAll('(', '%28').replaceAll(')', '%29')}`,
        values,
      ]),
    ),
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
