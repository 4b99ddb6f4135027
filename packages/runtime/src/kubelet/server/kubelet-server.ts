import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { ContainerRuntime } from '../../container/container-runtime.js';
import type { PodDirectories } from '../pod/pod-directories.js';
import type { KubeletAccess } from './kubelet-access.js';
import { servePodLog } from './pod-log.js';
import { findPod, HttpFailure, type ServedPod } from './served-pod.js';
import { Upgrades } from './upgrades.js';

export interface KubeletTls {
  /** PEM. @default none yet: nobody gets through the handshake until it is replaced */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  /** PEM: a certificate of this CA says who asks. */
  readonly clientCa: string | Buffer;
}

/** What can change while the kubelet runs. */
export interface ReplacedTls {
  readonly cert: string;
  readonly key: string;
  /** @default as before */
  readonly clientCa?: string;
}

export interface KubeletServerOptions {
  readonly runtime: ContainerRuntime;
  readonly tls: KubeletTls;
  readonly bindAddress: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly logger: Logger;
  readonly directories: PodDirectories;
  readonly pods: () => readonly ServedPod[];
  readonly access: KubeletAccess;
}

export interface KubeletServer {
  readonly port: number;
  /** Shows another certificate, and takes those of other authorities, from the next connection on. PEM. */
  replace(tls: ReplacedTls): void;
  close(): Promise<void>;
}

/**
 * What the API server asks of a node: logs, exec, attach, port-forward. Resolves when it listens.
 * @throws Error with `code` EADDRINUSE or EACCES where it can't
 */
export async function startKubeletServer(options: KubeletServerOptions): Promise<KubeletServer> {
  const { tls, bindAddress, port, logger } = options;
  const upgrades = new Upgrades(options);
  const closing = new AbortController();
  const { cert, key } = tls;
  let context = { ca: tls.clientCa, minVersion: 'TLSv1.2' as const };
  const server = createServer({
    ...context,
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    requestCert: true,
    // Strangers get an answer that says why, rather than a broken connection.
    rejectUnauthorized: false,
  });
  const sockets = new Set<Duplex>();
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', (error) => logger.debug({ err: error }, 'a TLS handshake has failed'));
  server.on('request', (request, response) => {
    answer(request, response, { ...options, signal: closing.signal }).catch((error: unknown) =>
      fail(response, error, logger),
    );
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    options.access.check(request).then(
      () => upgrades.handle(request, socket, head),
      (error: unknown) => refuse(socket, error, logger),
    );
  });
  await listen(server, port, bindAddress);
  return {
    port: (server.address() as AddressInfo).port,
    replace({ clientCa = context.ca, ...pair }) {
      context = { ...context, ca: clientCa };
      server.setSecureContext({ ...context, ...pair });
    },
    close() {
      closing.abort(new Error('the kubelet is closing'));
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}

/** Answers an upgrade on the bare socket with why it is none. */
function refuse(socket: Duplex, error: unknown, logger: Logger): void {
  const known = error instanceof HttpFailure;
  if (!known) logger.warn({ err: error }, 'a request to the kubelet has failed');
  const code = known ? error.code : 500;
  const body = error instanceof Error ? error.message : String(error);
  socket.end(
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: KubeletServerOptions & { readonly signal: AbortSignal },
): Promise<void> {
  const { pathname, searchParams: query } = new URL(request.url ?? '/', 'https://kubelet');
  const text = (body: string) => response.setHeader('content-type', 'text/plain').end(body);
  if (pathname === '/healthz') {
    text('ok');
    return;
  }
  await options.access.check(request);
  if (request.method !== 'GET') throw new HttpFailure(405, 'method not allowed');
  const parts = pathname.split('/').slice(1).map(decodeURIComponent);
  if (pathname === '/pods') {
    const items = options.pods().map(({ pod, status }) => ({ ...pod, status: { ...pod.status, ...status } }));
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items }));
  } else if (pathname === '/metrics') text(await metrics(options));
  else if (parts[0] === 'containerLogs' && parts.length === 4) {
    const left = new AbortController();
    response.on('close', () => left.abort());
    await servePodLog(
      response,
      { pod: findPod(options.pods(), parts[1]!, parts[2]!), container: parts[3]! },
      { ...options, query, signal: AbortSignal.any([left.signal, options.signal]) },
    );
  } else throw new HttpFailure(404, '404 page not found');
}

/** Upstream's names of the few figures that there are. */
async function metrics({ runtime, pods }: KubeletServerOptions): Promise<string> {
  const containers = await runtime.listContainers({ state: 'running' });
  const sandboxes = await runtime.listPodSandboxes();
  return [
    '# TYPE kubelet_working_pods gauge',
    `kubelet_working_pods ${pods().length}`,
    '# TYPE kubelet_running_pods gauge',
    `kubelet_running_pods ${sandboxes.filter(({ state }) => state === 'ready').length}`,
    '# TYPE kubelet_running_containers gauge',
    `kubelet_running_containers{container_state="running"} ${containers.length}`,
    '',
  ].join('\n');
}

function fail(response: ServerResponse, error: unknown, logger: Logger): void {
  const known = error instanceof HttpFailure;
  if (!known) logger.warn({ err: error }, 'a request to the kubelet has failed');
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.statusCode = known ? error.code : 500;
  response
    .setHeader('content-type', 'text/plain')
    .end(error instanceof Error ? error.message : String(error));
}
