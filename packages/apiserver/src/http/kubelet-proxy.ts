import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { ApiError } from '@kubewright/api';
import type { Exchange } from '../exchange.js';
import type { ConnectTarget } from '../kinds/kind-rules.js';
import type { ApiServer } from '../server.js';
import type { UpgradeRequest } from './api-request.js';
import { joinConnections } from './join-connections.js';

/** Who the server is to a kubelet, and whose certificates it takes there. PEM. */
export interface KubeletCredentials {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
}

const connectTimeoutMs = 10_000;

/** Passes a GET on and its answer back as it comes (`kubectl logs -f`). */
export async function proxyStream(exchange: Exchange, target: ConnectTarget): Promise<void> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = httpsRequest({
      ...kubeletTls(exchange.server),
      host: target.host,
      port: target.port,
      path: target.path,
      method: 'GET',
      agent: false,
      signal: exchange.request.signal,
    });
    outgoing.setTimeout(connectTimeoutMs, () => outgoing.destroy(new Error('the connection timed out')));
    outgoing.once('response', (incoming) => {
      outgoing.setTimeout(0);
      resolve(incoming);
    });
    outgoing.once('error', (cause) => reject(unreachable(target, cause)));
    outgoing.end();
  });
  if ((response.statusCode ?? 500) >= 400) throw await refusalOf(response);
  const stream = exchange.open(response.statusCode ?? 200, response.headers['content-type'] ?? 'text/plain');
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (!stream.write(chunk)) await stream.drained();
    }
  } catch (error) {
    if (!exchange.request.signal.aborted) throw error;
  }
  stream.end();
}

/** Joins the client's connection with one to the target, whatever the protocol that the two agree on. */
export async function proxyUpgrade(
  exchange: Exchange,
  target: ConnectTarget,
  { socket, head }: UpgradeRequest,
): Promise<void> {
  const upstream = await connectTls(exchange, target);
  const { headers, method } = exchange.request;
  const passed = Object.entries(headers).filter(([name]) => passedHeaders.has(name));
  const lines = passed.flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? '']).map((one) => `${name}: ${one}\r\n`),
  );
  upstream.write(
    `${method} ${target.path} HTTP/1.1\r\nhost: ${target.host}:${target.port}\r\n${lines.join('')}\r\n`,
  );
  if (head.length > 0) upstream.write(head);
  exchange.status = 101;
  await joinConnections(socket, upstream);
}

/** The client's identity and cookies stay here; only what makes the upgrade goes on. */
const passedHeaders = new Set([
  'connection',
  'upgrade',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
  'x-stream-protocol-version',
  'content-length',
]);

function connectTls(exchange: Exchange, target: ConnectTarget): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ ...kubeletTls(exchange.server), host: target.host, port: target.port });
    const fail = (cause: Error) => {
      socket.destroy();
      reject(unreachable(target, cause));
    };
    socket.setTimeout(connectTimeoutMs, () => fail(new Error('the connection timed out')));
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      socket.setTimeout(0);
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

/** What connections to kubelets are made with. @throws ApiError ServiceUnavailable */
export function kubeletTls({ options: { kubelet } }: ApiServer) {
  if (kubelet === undefined)
    throw new ApiError('ServiceUnavailable', 'this server has no credentials for the kubelets');
  const { certificate, key, ca } = kubelet;
  return { cert: certificate, key, ca };
}

function unreachable({ host, port }: ConnectTarget, cause: Error): ApiError {
  return new ApiError('InternalError', `error dialing backend: dial tcp ${host}:${port}: ${cause.message}`, {
    cause,
  });
}

const maxRefusalBytes = 64 * 1024;

async function refusalOf(response: IncomingMessage): Promise<ApiError> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxRefusalBytes) break;
    chunks.push(chunk);
  }
  const message = Buffer.concat(chunks).toString('utf8').trim();
  const code = response.statusCode ?? 500;
  return new ApiError(code === 404 ? 'NotFound' : code === 400 ? 'BadRequest' : 'InternalError', message, {
    code,
  });
}
