import type { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { ApiError } from '@kubewright/api';
import { atTurnsEnd } from '../turn.js';
import { type ApiRequest, type ClientCertificate, maxBodyBytes, type UpgradeRequest } from './api-request.js';
import { certificateOf } from './tls-identity.js';

/** What stands at the head of a request, in either version of HTTP. */
export interface RequestHead {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly socket: Socket;
}

export interface RequestStreams {
  readonly body: Readable;
  /** The request ends early when this closes. */
  readonly connection: Pick<EventEmitter, 'once'> & { readonly destroyed: boolean };
  readonly upgrade?: UpgradeRequest;
}

/** The core's view of a request that came over a socket. */
export class HttpRequest implements ApiRequest {
  readonly #head: RequestHead;
  readonly #streams: RequestStreams;
  readonly upgrade?: UpgradeRequest;
  #abort: AbortController | undefined;
  #abandoned: Error | undefined;

  constructor(head: RequestHead, streams: RequestStreams) {
    this.#head = head;
    this.#streams = streams;
    if (streams.upgrade !== undefined) this.upgrade = streams.upgrade;
  }

  get method(): string {
    return this.#head.method ?? 'GET';
  }

  get url(): string {
    return this.#head.url ?? '/';
  }

  get headers(): IncomingHttpHeaders {
    return this.#head.headers;
  }

  get rawHeaders(): readonly string[] {
    return this.#head.rawHeaders;
  }

  get remoteAddress(): string {
    return this.#head.socket.remoteAddress ?? '';
  }

  get certificate(): ClientCertificate | undefined {
    const socket = this.#head.socket as TLSSocket;
    return socket.encrypted ? certificateOf(socket) : undefined;
  }

  // Made when first asked for: a signal costs more than the whole of a get.
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const { connection } = this.#streams;
      const abort = new AbortController();
      this.#abort = abort;
      const leave = () => abort.abort(new Error('the client closed the connection'));
      if (this.#abandoned !== undefined) abort.abort(this.#abandoned);
      else if (connection.destroyed) leave();
      else connection.once('close', leave);
    }
    return this.#abort.signal;
  }

  abandon(reason: Error): void {
    this.#abandoned = reason;
    this.#abort?.abort(reason);
  }

  readBody(): Promise<Buffer> {
    if (Number(this.headers['content-length'] ?? 0) > maxBodyBytes) return Promise.reject(tooLarge());
    return readBody(this.#streams.body);
  }

  bodyStream(): Readable {
    return this.#streams.body;
  }
}

function tooLarge(): ApiError {
  return new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${maxBodyBytes}`);
}

function readBody(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    body.on('data', (chunk: Buffer) => {
      length += chunk.length;
      // What comes after is thrown away, so that the client gets to read the answer.
      if (length > maxBodyBytes) reject(tooLarge());
      else chunks.push(chunk);
    });
    body.on('end', () => {
      const whole = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      atTurnsEnd(() => resolve(whole));
    });
    body.on('error', reject);
    // An error is only made where it is told: its stack costs more than the rest.
    body.on('close', () => {
      if (!body.readableEnded) reject(new Error('the client left before its body was complete'));
    });
  });
}
