import type { EventEmitter } from 'node:events';
import { type IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { ApiError } from '@kubewright/api';
import express, { type Express } from 'express';
import {
  type ApiRequest,
  type ByteStream,
  type CertificateSubject,
  maxBodyBytes,
  type ResponseHeaders,
  type ResponseSink,
  type UpgradeRequest,
} from './api-request.js';
import { certificateOf } from './tls-identity.js';
import { untilDrained } from './until-drained.js';

/** Handles a request; settles when the answer is complete. Never rejects: failures are answers. */
export type HandleRequest = (request: ApiRequest, sink: ResponseSink) => Promise<void>;

/** An Express application with one catch-all, and the classes that a server must create its messages with. */
export interface ExpressAdapter {
  readonly app: Express;
  readonly IncomingMessage: typeof IncomingMessage;
  readonly ServerResponse: typeof ServerResponse;
}

/**
 * Express over the core. It sets the prototype of each request and response to its own; giving the server classes
 * whose instances have that prototype from the start makes this free (67k instead of 15k requests a second).
 * @param closing whether clients are to come back on another connection, to a server that stays
 */
export function expressAdapter(handle: HandleRequest, closing: () => boolean = () => false): ExpressAdapter {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use((request, response, next) => {
    if (closing()) response.setHeader('connection', 'close');
    handle(new HttpRequest(request, response), new HttpSink(response)).catch(next);
  });
  return {
    app,
    IncomingMessage: withPrototype(IncomingMessage, app.request),
    ServerResponse: withPrototype(ServerResponse, app.response),
  };
}

/** The core's view of a node request, which ends early when `connection` closes. */
export class HttpRequest implements ApiRequest {
  readonly #request: IncomingMessage;
  readonly #connection: Pick<EventEmitter, 'once'> & { readonly destroyed: boolean };
  readonly upgrade?: UpgradeRequest;
  #abort: AbortController | undefined;
  #abandoned: Error | undefined;

  constructor(
    request: IncomingMessage,
    connection: Pick<EventEmitter, 'once'> & { readonly destroyed: boolean },
    upgrade?: UpgradeRequest,
  ) {
    this.#request = request;
    this.#connection = connection;
    if (upgrade !== undefined) this.upgrade = upgrade;
  }

  get method(): string {
    return this.#request.method ?? 'GET';
  }

  get url(): string {
    return this.#request.url ?? '/';
  }

  get headers(): IncomingHttpHeaders {
    return this.#request.headers;
  }

  get remoteAddress(): string {
    return this.#request.socket.remoteAddress ?? '';
  }

  get certificate(): CertificateSubject | undefined {
    const socket = this.#request.socket as TLSSocket;
    return socket.encrypted ? certificateOf(socket) : undefined;
  }

  // Made when first asked for: a signal costs more than the whole of a get.
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.#abort = abort;
      const leave = () => abort.abort(new Error('the client closed the connection'));
      if (this.#abandoned !== undefined) abort.abort(this.#abandoned);
      else if (this.#connection.destroyed) leave();
      else this.#connection.once('close', leave);
    }
    return this.#abort.signal;
  }

  abandon(reason: Error): void {
    this.#abandoned = reason;
    this.#abort?.abort(reason);
  }

  readBody(): Promise<Buffer> {
    return readBody(this.#request);
  }
}

// The bases are functions that can be called on an object made elsewhere; `Reflect.construct` would do the same at an
// eighth of the speed.
function withPrototype<T extends typeof IncomingMessage | typeof ServerResponse>(
  base: T,
  prototype: object,
): T {
  const construct = base as unknown as (...args: unknown[]) => void;
  function Preset(this: object, ...args: unknown[]): void {
    construct.apply(this, args);
  }
  Preset.prototype = prototype;
  return Preset as unknown as T;
}

function tooLarge(): ApiError {
  return new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${maxBodyBytes}`);
}

function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) return Promise.reject(tooLarge());
  const chunks: Buffer[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      // What comes after is thrown away, so that the client gets to read the answer.
      if (length > maxBodyBytes) reject(tooLarge());
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('close', () => reject(new Error('the client left before its body was complete')));
  });
}

class HttpSink implements ResponseSink {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  send(status: number, headers: ResponseHeaders, body: Uint8Array | string): void {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
    headers['content-length'] = String(length);
    this.#response.writeHead(status, headers);
    this.#response.end(this.#response.req.method === 'HEAD' ? undefined : body);
  }

  open(status: number, headers: ResponseHeaders): ByteStream {
    const response = this.#response;
    response.writeHead(status, headers);
    response.flushHeaders();
    return {
      write: (bytes) => response.destroyed || response.write(bytes),
      drained: (withinMs) => untilDrained(response, withinMs),
      end: () => response.end(),
      destroy: () => response.destroy(),
    };
  }
}
