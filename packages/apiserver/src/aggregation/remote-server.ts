import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import type { APIService } from '@kubewright/api/apiregistration/v1';
import type { ObjectReader } from '../registry/write-context.js';
import { resolveService } from '../webhooks/service-resolver.js';

/** Who the aggregator is to the servers behind it. Certificates are PEM. */
export interface AggregatorOptions {
  /** The client certificate by which they know a front proxy, and its key. */
  readonly proxyClient: { readonly certificate: string; readonly key: string };
  /** What signs that certificate: servers behind this one are told to trust it. */
  readonly requestHeaderCA: string;
  /** The common name in it. */
  readonly proxyName: string;
}

/** Milliseconds in which a connection must be there. */
const connectMs = 10_000;

/** The server that an APIService names. */
export class RemoteServer {
  readonly #service: APIService;
  readonly #objects: ObjectReader;
  readonly #options: AggregatorOptions;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(service: APIService, objects: ObjectReader, options: AggregatorOptions) {
    this.#service = service;
    this.#objects = objects;
    this.#options = options;
  }

  /** @throws Error where the service can't be found */
  send(options: {
    readonly method: string;
    readonly path: string;
    readonly headers: OutgoingHttpHeaders;
    readonly signal: AbortSignal;
  }): ClientRequest {
    const outgoing = httpsRequest({ ...this.#tls(), ...options, agent: this.#agent });
    outgoing.setTimeout(connectMs, () => outgoing.destroy(new Error('the connection timed out')));
    outgoing.once('response', () => outgoing.setTimeout(0));
    return outgoing;
  }

  /** A connection of its own, for what is upgraded. */
  connect(): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const socket = tlsConnect({ ...this.#tls(), ALPNProtocols: ['http/1.1'] });
      const fail = (cause: Error) => {
        socket.destroy();
        reject(cause);
      };
      socket.setTimeout(connectMs, () => fail(new Error('the connection timed out')));
      socket.once('error', fail);
      socket.once('secureConnect', () => {
        socket.setTimeout(0);
        socket.off('error', fail);
        resolve(socket);
      });
    });
  }

  /** Reads a JSON document as a user. @throws Error where there is none */
  async read(path: string, headers: OutgoingHttpHeaders, timeoutMs: number): Promise<unknown> {
    const signal = AbortSignal.timeout(timeoutMs);
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      const accept = { accept: 'application/json', ...headers };
      this.send({ method: 'GET', path, headers: accept, signal })
        .once('response', resolve)
        .once('error', reject)
        .end();
    });
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxDocumentBytes)
        throw new Error(`the document at ${path} is longer than ${maxDocumentBytes} bytes`);
      chunks.push(chunk);
    }
    const { statusCode = 0 } = incoming;
    if (statusCode < 200 || statusCode >= 300)
      throw new Error(`bad status from ${this.#name}${path}: ${statusCode}`);
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  }

  close(): void {
    this.#agent.destroy();
  }

  get #name(): string {
    const { name = '', namespace = '', port = 443 } = this.#service.spec?.service ?? {};
    return `https://${name}.${namespace}.svc:${port}`;
  }

  #tls() {
    const { service = {}, caBundle = '', insecureSkipTLSVerify = false } = this.#service.spec ?? {};
    const { name = '', namespace = '', port } = service;
    const { host, port: found } = resolveService(this.#objects, { name, namespace, port });
    return {
      host,
      port: found,
      servername: `${name}.${namespace}.svc`,
      rejectUnauthorized: !insecureSkipTLSVerify,
      cert: this.#options.proxyClient.certificate,
      key: this.#options.proxyClient.key,
      ...(caBundle === '' ? {} : { ca: Buffer.from(caBundle, 'base64').toString('utf8') }),
    };
  }
}

const maxDocumentBytes = 16 * 1024 * 1024;
