import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';
import type { MessageCodec } from '../encoding/message-layout.js';
import { Call } from './call.js';
import { CallError, status } from './call-error.js';
import { encodeHeaders, type HeaderFields } from './hpack.js';
import { Http2Connection, type Http2Stream, type KeepAlive } from './http2-connection.js';
import { prefixed } from './message-reader.js';

/** Where a server is: a socket of this machine, or a host. */
export type GrpcTarget =
  | { readonly path: string }
  | { readonly host: string; readonly port: number; readonly tls?: GrpcTls };

/** PEM; without `ca` the public authorities hold. */
export interface GrpcTls {
  readonly ca: Buffer | undefined;
  readonly certificate: Buffer | undefined;
  readonly key: Buffer | undefined;
}

/** One remote procedure. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly request: MessageCodec<Request>;
  readonly response: MessageCodec<Response>;
}

export type Metadata = Readonly<Record<string, string>>;

export interface GrpcChannelOptions {
  /** How long a connection, with TLS and the first answer, may take. @default 2000 */
  readonly connectTimeoutMs?: number;
  /** @default asks after six seconds, waits for three */
  readonly keepAlive?: KeepAlive;
}

export interface MessageListener<Response> {
  onMessage(response: Response): void;
  /** The last; undefined where the server is done and content. */
  onEnd(error: CallError | undefined): void;
}

export interface GrpcStream<Request> {
  write(request: Request): void;
  /** Ends it at once; nothing is called any more. */
  cancel(): void;
}

/** etcd closes connections that ask more often than every five seconds. */
const usualKeepAlive: KeepAlive = { afterMs: 6_000, timeoutMs: 3_000 };
/** Whoever wants a connection so soon after a failed attempt is told of that one. */
const pauseMs = 100;
const mostBlocks = 64;

/** Calls of one server, over one connection, which is made when a call needs it. */
export class GrpcChannel {
  readonly #target: GrpcTarget;
  readonly #secureContext: SecureContext | undefined;
  readonly #options: Required<GrpcChannelOptions>;
  /** The header fields of calls without metadata, as they are sent. */
  readonly #blocks = new Map<string, Buffer>();
  /** The present connection, and former ones that still answer. */
  readonly #connections = new Set<Http2Connection>();
  #connection: Http2Connection | undefined;
  #connecting: Promise<void> | undefined;
  #failed: { readonly error: CallError; readonly at: number } | undefined;
  #closed = false;

  /** @throws Error for a certificate or a key that is none */
  constructor(
    target: GrpcTarget,
    { connectTimeoutMs = 2_000, keepAlive = usualKeepAlive }: GrpcChannelOptions = {},
  ) {
    this.#target = target;
    this.#options = { connectTimeoutMs, keepAlive };
    if ('tls' in target) {
      const { ca, certificate: cert, key } = target.tls ?? {};
      this.#secureContext = createSecureContext({ ca, cert, key });
    }
  }

  /**
   * One request and its answer.
   * @throws CallError
   */
  unary<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    { timeoutMs, metadata }: { readonly timeoutMs: number; readonly metadata?: Metadata | undefined },
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      let response: Response | undefined;
      let stream: Http2Stream | undefined;
      const call = new Call({
        onMessage: (message) => {
          response = method.response.decode(message);
        },
        onEnd: (error) => {
          clearTimeout(timer);
          if (error === undefined && response !== undefined) resolve(response);
          else {
            stream?.cancel();
            reject(error ?? new CallError(status.internal, 'an answer without a message'));
          }
        },
      });
      const timer = setTimeout(() => call.end(tooLate(timeoutMs, stream === undefined)), timeoutMs);
      this.#begin(this.#headers(method.path, timeoutMs, metadata), call, (begun) => {
        stream = begun;
        begun.send(prefixed(method.request.encode(request)), true);
      });
    });
  }

  /**
   * Messages in both directions. The listener is not called before this has resolved.
   * @throws CallError, unsent, where there is no connection
   */
  async stream<Request, Response>(
    method: Method<Request, Response>,
    listener: MessageListener<Response>,
    { metadata }: { readonly metadata?: Metadata | undefined } = {},
  ): Promise<GrpcStream<Request>> {
    const headers = this.#headers(method.path, undefined, metadata);
    let cancelled = false;
    const call = new Call({
      onMessage: (message) => listener.onMessage(method.response.decode(message)),
      onEnd: (error) => {
        stream.cancel();
        if (!cancelled) listener.onEnd(error);
      },
    });
    while (this.#connection === undefined) await this.#connected();
    const stream = this.#connection.open(headers, call);
    return {
      write: (request) => stream.send(prefixed(method.request.encode(request)), false),
      cancel: () => {
        cancelled = true;
        call.end(undefined);
      },
    };
  }

  /** Ends it, with all calls that are not answered. */
  close(): void {
    this.#closed = true;
    for (const connection of [...this.#connections]) connection.close(closed());
  }

  #begin(headers: Buffer, call: Call, begun: (stream: Http2Stream) => void): void {
    if (this.#connection !== undefined) {
      begun(this.#connection.open(headers, call));
      return;
    }
    this.#connected().then(
      () => {
        if (!call.over) this.#begin(headers, call, begun);
      },
      (error: CallError) => call.end(error),
    );
  }

  /** Settles when there is a connection, at once with an error where there was none a moment ago. */
  #connected(): Promise<void> {
    const failed = this.#failed;
    if (this.#closed) return Promise.reject(closed());
    if (failed !== undefined && performance.now() - failed.at < pauseMs) return Promise.reject(failed.error);
    this.#connecting ??= this.#connect();
    return this.#connecting;
  }

  #connect(): Promise<void> {
    const { connectTimeoutMs, keepAlive } = this.#options;
    return new Promise((resolve, reject) => {
      let ready = false;
      const connection = new Http2Connection(this.#socket(), keepAlive, {
        onReady: () => {
          ready = true;
          clearTimeout(timer);
          this.#connecting = undefined;
          this.#connection = connection;
          resolve();
        },
        onGone: ({ code, details }) => {
          if (this.#connection === connection) this.#connection = undefined;
          if (ready) return;
          clearTimeout(timer);
          this.#connecting = undefined;
          this.#failed = { error: new CallError(code, details, { unsent: true }), at: performance.now() };
          reject(this.#failed.error);
        },
        onClosed: () => void this.#connections.delete(connection),
      });
      this.#connections.add(connection);
      const slow = new CallError(status.unavailable, `no connection within ${connectTimeoutMs} ms`);
      const timer = setTimeout(() => connection.close(slow), connectTimeoutMs);
    });
  }

  #socket(): Socket {
    const target = this.#target;
    if ('path' in target) return connectPlain({ path: target.path });
    const { host, port } = target;
    const options = { host, port, noDelay: true };
    return this.#secureContext === undefined
      ? connectPlain(options)
      : connectTls({ ...options, secureContext: this.#secureContext, ALPNProtocols: ['h2'] });
  }

  #headers(path: string, timeoutMs: number | undefined, metadata: Metadata | undefined): Buffer {
    if (metadata !== undefined) return encodeHeaders(this.#fields(path, timeoutMs, metadata));
    const name = `${path} ${timeoutMs}`;
    let block = this.#blocks.get(name);
    if (block === undefined) {
      block = encodeHeaders(this.#fields(path, timeoutMs, {}));
      if (this.#blocks.size === mostBlocks) this.#blocks.clear();
      this.#blocks.set(name, block);
    }
    return block;
  }

  #fields(path: string, timeoutMs: number | undefined, metadata: Metadata): HeaderFields {
    const target = this.#target;
    const secure = this.#secureContext !== undefined;
    return [
      [':method', 'POST'],
      [':scheme', secure ? 'https' : 'http'],
      [':path', path],
      [':authority', 'path' in target ? 'localhost' : `${target.host}:${target.port}`],
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
      ...(timeoutMs === undefined ? [] : [['grpc-timeout', `${timeoutMs}m`] as const]),
      ...Object.entries(metadata),
    ];
  }
}

function tooLate(timeoutMs: number, unsent: boolean): CallError {
  const what = unsent ? 'connection' : 'answer';
  return new CallError(status.deadlineExceeded, `no ${what} within ${timeoutMs} ms`, { unsent });
}

function closed(): CallError {
  return new CallError(status.cancelled, 'the connection is closed');
}
