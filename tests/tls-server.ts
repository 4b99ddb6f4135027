import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { Agent, request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Status } from '@kubewright/api';
import {
  ApiServer,
  type ApiServerOptions,
  type HttpsListener,
  type HttpsOptions,
  MemoryStorage,
  PkiDirectory,
} from '@kubewright/apiserver';
import { renderKubeconfig } from '@kubewright/client';
import { pino } from 'pino';

/** A raw request: what a test says is what goes over the wire. */
export interface RawRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Objects are sent as JSON. */
  readonly body?: string | Uint8Array | object;
}

export interface RawAnswer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** The body as JSON, for those who know what it is. */
  json<T = Status>(): T;
  /** The texts of the `Warning` headers. */
  readonly warnings: readonly string[];
}

export interface Credentials {
  readonly certificate: string;
  readonly key: string;
}

/** An API server over TLS with memory storage, in this process. */
export interface TlsServer {
  readonly server: ApiServer;
  readonly port: number;
  readonly listener: HttpsListener;
  /** A temporary directory of this server. */
  readonly directory: string;
  /** The file of the admin's kubeconfig. */
  readonly kubeconfig: string;
  readonly ca: string;
  /** The admin's certificate. */
  readonly admin: Credentials;
  /** Sends as the admin. */
  send(request: RawRequest): Promise<RawAnswer>;
  /** Sends with another certificate, or with none. */
  sendAs(credentials: Credentials | undefined, request: RawRequest): Promise<RawAnswer>;
  /** Opens a request as the admin and hands out the answer as soon as its headers are here. */
  open(request: RawRequest): Promise<IncomingMessage>;
  /** A bare connection as the admin, for what a client library would not do. */
  connect(): Promise<TLSSocket>;
  /** The same in HTTP/2; closing the server ends it. */
  connectHttp2(): Promise<ClientHttp2Session>;
  close(): Promise<void>;
}

export async function startTlsServer(
  options: Partial<ApiServerOptions> = {},
  tls: Partial<HttpsOptions> = {},
): Promise<TlsServer> {
  const directory = await mkdtemp(join(tmpdir(), 'kubewright-test-'));
  const pki = await PkiDirectory.open(join(directory, 'pki'));
  const serving = await pki.server('apiserver', 'kube-apiserver', ['127.0.0.1', 'localhost']);
  const admin = await pki.client('admin', { user: 'kubernetes-admin', groups: ['system:masters'] });
  const storage = new MemoryStorage();
  const server = await ApiServer.start({
    storage,
    logger: pino({ level: 'silent' }),
    disableAdmissionPlugins: ['ServiceAccount'],
    ...options,
  });
  const ca = pki.authority.certificate;
  const listener = await server.listen({
    certificate: serving.certificate,
    key: serving.key,
    clientCA: ca,
    host: '127.0.0.1',
    port: 0,
    ...tls,
  });
  const { port } = listener;
  const kubeconfig = join(directory, 'kubeconfig');
  await writeFile(
    kubeconfig,
    renderKubeconfig({
      name: 'test',
      server: `https://127.0.0.1:${port}`,
      ca,
      clientCertificate: admin.certificate,
      clientKey: admin.key,
    }),
  );
  const agents: Agent[] = [];
  const agentFor = (credentials: Credentials | undefined) => {
    const pair = credentials === undefined ? {} : { cert: credentials.certificate, key: credentials.key };
    const agent = new Agent({ ca, keepAlive: true, ...pair });
    agents.push(agent);
    return agent;
  };
  const adminAgent = agentFor(admin);
  return {
    server,
    port,
    listener,
    directory,
    kubeconfig,
    ca,
    admin,
    send: async (request) => readAnswer(await openRequest(port, adminAgent, request)),
    sendAs: async (credentials, request) =>
      readAnswer(await openRequest(port, agentFor(credentials), request)),
    open: (request) => openRequest(port, adminAgent, request),
    connect: async () => {
      const identity = { cert: admin.certificate, key: admin.key, ca };
      const socket = connectTls({ host: '127.0.0.1', port, servername: 'localhost', ...identity });
      await once(socket, 'secureConnect');
      // Breaking it is how such a test ends.
      socket.on('error', () => undefined);
      return socket;
    },
    connectHttp2: async () => {
      const identity = { cert: admin.certificate, key: admin.key, ca };
      const session = connectHttp2(`https://localhost:${port}`, identity);
      await once(session, 'connect');
      return session;
    },
    close: async () => {
      for (const agent of agents) agent.destroy();
      await server.close(0);
      await storage.close();
      await rm(directory, { recursive: true });
    },
  };
}

function openRequest(port: number, agent: Agent, request: RawRequest): Promise<IncomingMessage> {
  const { method = 'GET', path, body, headers = {} } = request;
  const bytes =
    body === undefined || typeof body === 'string' || body instanceof Uint8Array
      ? body
      : JSON.stringify(body);
  const type =
    bytes === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(bytes)) };
  const all: Record<string, string> = { ...type, ...headers };
  if (all['transfer-encoding'] !== undefined) delete all['content-length'];
  return new Promise((resolve, reject) => {
    const sent = httpsRequest({ host: '127.0.0.1', port, agent, method, path, headers: all }, resolve);
    sent.on('error', reject);
    sent.end(bytes);
  });
}

async function readAnswer(message: IncomingMessage): Promise<RawAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const text = bytes.toString('utf8');
  const warning = message.headers.warning ?? '';
  return {
    code: message.statusCode ?? 0,
    headers: message.headers,
    bytes,
    text,
    json: <T>() => JSON.parse(text) as T,
    warnings: [...warning.matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, quoted = '']) =>
      quoted.replace(/\\(.)/g, '$1'),
    ),
  };
}
