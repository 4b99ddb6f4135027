import {
  constants,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { ByteStream, ResponseHeaders, ResponseSink } from './api-request.js';
import type { HandleRequest } from './express-adapter.js';
import { HttpRequest, type RequestHead } from './http-request.js';
import { untilDrained } from './until-drained.js';

/** Upstream's limits: requests of a connection at a time, and what a client may send before it waits. */
const maxConcurrentStreams = 250;
const initialWindowSize = 256 * 1024;

export interface Http2Limits {
  readonly maxHeaderBytes: number;
  /** A connection without requests is closed after so many milliseconds. */
  readonly idleMs: number;
}

/** Serves HTTP/2 on sockets whose client chose it. Its streams never enter Express, which does not know them. */
export class Http2Adapter {
  readonly #handle: HandleRequest;
  readonly #limits: Http2Limits;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #sockets = new Set<TLSSocket>();
  #closing = false;

  constructor(handle: HandleRequest, limits: Http2Limits) {
    this.#handle = handle;
    this.#limits = limits;
  }

  accept(socket: TLSSocket): void {
    const session = performServerHandshake(socket, {
      settings: {
        maxConcurrentStreams,
        initialWindowSize,
        maxHeaderListSize: this.#limits.maxHeaderBytes,
      },
    });
    this.#sessions.add(session);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    let running = 0;
    session.on('close', () => this.#sessions.delete(session));
    // A client that breaks the protocol or leaves: its streams close, which is what requests look at.
    session.on('error', () => session.destroy());
    session.setTimeout(this.#limits.idleMs, () => {
      if (running === 0) session.close();
    });
    // The fourth argument is Node's, but not in its types.
    session.on(
      'stream' as string,
      (stream: ServerHttp2Stream, ...[headers, , rawHeaders]: StreamArguments) => {
        running++;
        stream.once('close', () => running--);
        stream.on('error', () => stream.destroy());
        const request = new HttpRequest(headOf(headers, rawHeaders, socket), {
          body: stream,
          connection: stream,
        });
        this.#handle(request, new StreamSink(stream)).catch(() =>
          stream.close(constants.NGHTTP2_INTERNAL_ERROR),
        );
      },
    );
    if (this.#closing) session.close();
  }

  /** Tells clients to go elsewhere; requests under way go on. */
  close(): void {
    this.#closing = true;
    for (const session of this.#sessions) session.close();
  }

  destroy(): void {
    for (const session of this.#sessions) session.destroy();
    // A session that has closed leaves its socket to a client that may never end it.
    for (const socket of this.#sockets) socket.destroy();
  }
}

type StreamArguments = readonly [IncomingHttpHeaders, flags: number, rawHeaders: readonly string[]];

function headOf(all: IncomingHttpHeaders, rawHeaders: readonly string[], socket: TLSSocket): RequestHead {
  const {
    ':method': method,
    ':path': url,
    ':authority': authority,
    ':scheme': _scheme,
    ':protocol': _protocol,
    ...headers
  } = all;
  if (authority !== undefined) headers.host = authority;
  return { method, url, headers, rawHeaders, socket };
}

class StreamSink implements ResponseSink {
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  send(status: number, headers: ResponseHeaders, body: Uint8Array | string): void {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
    headers['content-length'] = String(length);
    if (!this.#respond(status, headers)) return;
    this.#stream.end(body);
  }

  open(status: number, headers: ResponseHeaders): ByteStream {
    const stream = this.#stream;
    this.#respond(status, headers);
    return {
      write: (bytes) => stream.destroyed || stream.writableEnded || stream.write(bytes),
      drained: (withinMs) => untilDrained(stream, withinMs),
      end: () => stream.end(),
      destroy: () => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
    };
  }

  /** False where there is nothing more to write: the client is gone, or the answer has no body (HEAD, 304). */
  #respond(status: number, headers: ResponseHeaders): boolean {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return false;
    // Of the connection rather than of the request: not in HTTP/2.
    delete headers.connection;
    stream.respond({ ':status': status, ...headers });
    // A body that nobody reads any more must not hold the stream: the answer is complete without it.
    stream.once('finish', () => {
      if (!stream.endAfterHeaders && !stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
    });
    return !stream.writableEnded;
  }
}
