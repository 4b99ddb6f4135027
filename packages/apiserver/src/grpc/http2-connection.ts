import type { Socket } from 'node:net';
import { CallError, status } from './call-error.js';
import { FrameWriter, type SendingStream } from './frame-writer.js';
import { HeaderDecoder } from './hpack.js';
import {
  contentOf,
  errorCode,
  type Frame,
  FrameReader,
  flag,
  frameType,
  largestWindow,
  preface,
  readSettings,
  setting,
  settingsPayload,
  uint32,
  usualWindow,
} from './http2-frames.js';

/** Who is told what comes on a stream. Nothing follows what is the last, or a failure. */
export interface StreamListener {
  onHeaders(headers: ReadonlyMap<string, string>, last: boolean): void;
  /** @param bytes a view of what was received */
  onData(bytes: Buffer, last: boolean): void;
  onFailure(error: CallError): void;
}

/** A request and what answers it. */
export interface Http2Stream {
  /** @param last whether nothing more is sent */
  send(bytes: Buffer, last: boolean): void;
  /** Ends it at once; the listener hears nothing more. */
  cancel(): void;
}

/** When a connection that is in use and says nothing is asked whether it lives, and how long the answer may take. */
export interface KeepAlive {
  readonly afterMs: number;
  readonly timeoutMs: number;
}

/** What a connection tells who has it. */
export interface ConnectionListener {
  /** The peer has answered: requests may begin. */
  onReady(): void;
  /** It takes no more requests; those that have begun may go on. Called once. */
  onGone(error: CallError): void;
  /** None of them goes on. Called once, the last. */
  onClosed(): void;
}

interface Stream extends SendingStream {
  /** 0 until it is begun. */
  id: number;
  readonly headers: Buffer;
  readonly listener: StreamListener;
  sentAll: boolean;
  received: number;
}

/**
 * The client's end of a connection of HTTP/2 (RFC 9113), of which gRPC needs little: no push, no priorities, no table of
 * headers. What is received is handed on without a copy, in the same turn, so that a reader who is slow slows the
 * connection down, and nothing waits in memory.
 */
export class Http2Connection {
  readonly #socket: Socket;
  readonly #listener: ConnectionListener;
  readonly #reader = new FrameReader();
  readonly #writer: FrameWriter;
  readonly #decoder = new HeaderDecoder();
  readonly #streams = new Map<number, Stream>();
  /** Those that the peer has no room for yet. */
  readonly #waiting = new Set<Stream>();
  readonly #keepAlive: KeepAlive;
  readonly #pulse: NodeJS.Timeout;
  #heardAt = performance.now();
  #askedAt: number | undefined;
  #ready = false;
  #gone = false;
  #closed = false;
  #nextId = 1;
  #mostStreams = Number.POSITIVE_INFINITY;
  #streamWindow = usualWindow;
  #received = 0;
  /** A block of headers that goes on in the next frame. */
  #begun: { readonly first: Frame; readonly parts: Buffer[] } | undefined;

  /** @param socket connected, or about to be */
  constructor(socket: Socket, keepAlive: KeepAlive, listener: ConnectionListener) {
    this.#socket = socket;
    this.#keepAlive = keepAlive;
    this.#listener = listener;
    this.#writer = new FrameWriter(socket);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.#end(unavailable(wordsOf(error), error)));
    socket.on('close', () => this.#end(unavailable('the connection was closed')));
    this.#writer.bytes(preface);
    this.#writer.frame(frameType.settings, 0, 0, settingsPayload(ownSettings));
    this.#writer.frame(frameType.windowUpdate, 0, 0, uint32(largestWindow - usualWindow));
    this.#pulse = setInterval(() => this.#feelPulse(), keepAlive.timeoutMs / 2);
    this.#pulse.unref();
  }

  /** Begins a request, at once or when the peer has room for it. Not to be called when it is gone. */
  open(headers: Buffer, listener: StreamListener): Http2Stream {
    const queue: SendingStream['queue'] = [];
    const stream: Stream = { id: 0, window: 0, queue, headers, listener, sentAll: false, received: 0 };
    if (this.#streams.size < this.#mostStreams) this.#begin(stream);
    else this.#waiting.add(stream);
    return {
      send: (bytes, last) => {
        stream.sentAll ||= last;
        if (stream.id === 0) queue.push({ bytes, last });
        else this.#writer.data(stream, bytes, last);
      },
      cancel: () => {
        this.#waiting.delete(stream);
        if (this.#streams.has(stream.id)) this.#reset(stream);
      },
    };
  }

  /** @param error what is said of requests that are not answered yet */
  close(error: CallError): void {
    this.#end(error);
  }

  #begin(stream: Stream): void {
    stream.id = this.#nextId;
    this.#nextId += 2;
    stream.window = this.#streamWindow;
    this.#streams.set(stream.id, stream);
    this.#writer.headers(stream.id, stream.headers);
    if (stream.queue.length > 0) this.#writer.enlargeStream(stream, 0);
    if (this.#nextId > lastId) this.#retire(unavailable('the connection has no numbers left'));
  }

  /** Takes a stream off; another may begin. */
  #remove(stream: Stream): void {
    this.#streams.delete(stream.id);
    this.#writer.forget(stream);
    for (const next of this.#waiting) {
      if (this.#gone || this.#streams.size >= this.#mostStreams) break;
      this.#waiting.delete(next);
      this.#begin(next);
    }
    if (this.#gone && this.#streams.size === 0) this.#end(unavailable('the connection has ended'));
  }

  #reset(stream: Stream): void {
    this.#writer.frame(frameType.resetStream, 0, stream.id, uint32(errorCode.cancel));
    this.#remove(stream);
  }

  #receive(chunk: Buffer): void {
    this.#heardAt = performance.now();
    this.#askedAt = undefined;
    try {
      this.#reader.read(chunk, (frame) => {
        if (!this.#closed) this.#onFrame(frame);
      });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#end(unavailable(`the peer does not speak HTTP/2: ${error.message}`, error));
    }
  }

  #onFrame(frame: Frame): void {
    if (!this.#ready && frame.type !== frameType.settings)
      throw new RangeError('it does not begin with settings');
    if (this.#begun !== undefined && frame.type !== frameType.continuation)
      throw new RangeError('a block of headers is cut off');
    switch (frame.type) {
      case frameType.data:
        this.#onData(frame);
        break;
      case frameType.headers:
        this.#onHeaders(frame, contentOf(frame));
        break;
      case frameType.continuation:
        this.#onContinuation(frame);
        break;
      case frameType.resetStream:
        this.#onReset(frame);
        break;
      case frameType.settings:
        this.#onSettings(frame);
        break;
      case frameType.ping:
        if ((frame.flags & flag.acknowledge) === 0)
          this.#writer.frame(frameType.ping, flag.acknowledge, 0, frame.payload);
        break;
      case frameType.goAway:
        this.#onGoAway(frame);
        break;
      case frameType.windowUpdate:
        this.#onWindowUpdate(frame);
        break;
      case frameType.pushPromise:
        throw new RangeError('a push that nobody asked for');
    }
  }

  #onData(frame: Frame): void {
    const { length } = frame.payload;
    this.#received += length;
    if (this.#received >= windowStep) {
      this.#writer.frame(frameType.windowUpdate, 0, 0, uint32(this.#received));
      this.#received = 0;
    }
    const stream = this.#streams.get(frame.stream);
    if (stream === undefined) return;
    stream.received += length;
    const last = this.#answered(stream, frame);
    if (!last && stream.received >= windowStep) {
      this.#writer.frame(frameType.windowUpdate, 0, stream.id, uint32(stream.received));
      stream.received = 0;
    }
    stream.listener.onData(contentOf(frame), last);
  }

  #onHeaders(frame: Frame, block: Buffer): void {
    if ((frame.flags & flag.endHeaders) === 0) {
      this.#begun = { first: frame, parts: [Buffer.from(block)] };
      return;
    }
    const stream = this.#streams.get(frame.stream);
    if (stream === undefined) return;
    const headers = this.#decoder.decode(block);
    stream.listener.onHeaders(headers, this.#answered(stream, frame));
  }

  #onContinuation({ flags, stream, payload }: Frame): void {
    const begun = this.#begun;
    if (begun === undefined || begun.first.stream !== stream || begun.parts.length === mostParts)
      throw new RangeError('a block of headers that was not begun');
    begun.parts.push(Buffer.from(payload));
    if ((flags & flag.endHeaders) === 0) return;
    this.#begun = undefined;
    this.#onHeaders(
      { ...begun.first, flags: begun.first.flags | flag.endHeaders },
      Buffer.concat(begun.parts),
    );
  }

  /** Whether a frame is the last of a stream, which ends then. */
  #answered(stream: Stream, { flags }: Frame): boolean {
    if ((flags & flag.endStream) === 0) return false;
    // The peer has said all, whatever else there would be to send.
    if (stream.sentAll && stream.queue.length === 0) this.#remove(stream);
    else this.#reset(stream);
    return true;
  }

  #onReset({ stream: id, payload }: Frame): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#remove(stream);
    const code = payload.readUInt32BE(0);
    stream.listener.onFailure(resetError(code));
  }

  #onSettings({ flags, payload }: Frame): void {
    if ((flags & flag.acknowledge) !== 0) return;
    for (const [id, value] of readSettings(payload)) {
      if (id === setting.maxConcurrentStreams) this.#mostStreams = value;
      if (id === setting.maxFrameSize) this.#writer.frameSize = value;
      if (id === setting.initialWindowSize) {
        const more = value - this.#streamWindow;
        this.#streamWindow = value;
        for (const stream of this.#streams.values()) this.#writer.enlargeStream(stream, more);
      }
    }
    this.#writer.frame(frameType.settings, flag.acknowledge, 0, Buffer.of());
    if (this.#ready) return;
    this.#ready = true;
    this.#listener.onReady();
  }

  #onWindowUpdate({ stream: id, payload }: Frame): void {
    const bytes = payload.readUInt32BE(0) & largestWindow;
    if (id === 0) this.#writer.enlarge(bytes);
    else {
      const stream = this.#streams.get(id);
      if (stream !== undefined) this.#writer.enlargeStream(stream, bytes);
    }
  }

  /** The peer takes no new streams, and has not looked at those after the last that it names. */
  #onGoAway({ payload }: Frame): void {
    const last = payload.readUInt32BE(0) & largestWindow;
    const words = payload.toString('utf8', 8);
    const error = unavailable(
      `the peer ends the connection${words === '' ? '' : `: ${words}`}`,
      undefined,
      true,
    );
    this.#retire(error);
    for (const stream of [...this.#streams.values()]) {
      if (stream.id <= last) continue;
      this.#remove(stream);
      stream.listener.onFailure(error);
    }
    if (this.#streams.size === 0) this.#end(error);
  }

  /** No more streams from now on. */
  #retire(error: CallError): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#listener.onGone(error);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { listener } of waiting) listener.onFailure(unsent(error));
  }

  #end(error: CallError): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#pulse);
    this.#socket.destroy();
    this.#retire(error);
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    for (const { listener } of streams) listener.onFailure(error);
    this.#listener.onClosed();
  }

  /** A peer that is cut off says nothing; one that nobody waits for need not. */
  #feelPulse(): void {
    const now = performance.now();
    if (this.#askedAt !== undefined) {
      if (now - this.#askedAt >= this.#keepAlive.timeoutMs) this.#end(unavailable('the peer is silent'));
    } else if (this.#streams.size > 0 && now - this.#heardAt >= this.#keepAlive.afterMs) {
      this.#askedAt = now;
      this.#writer.frame(frameType.ping, 0, 0, Buffer.alloc(8));
    }
  }
}

const ownSettings = [
  [setting.headerTableSize, 0],
  [setting.enablePush, 0],
  [setting.initialWindowSize, largestWindow],
] as const;
/** After so many bytes the peer is told that it may send as many again. */
const windowStep = 2 ** 30;
const lastId = 2 ** 31 - 1;
/** Frames of one block of headers. */
const mostParts = 16;

function unavailable(details: string, cause?: unknown, unsent = false): CallError {
  return new CallError(status.unavailable, details, { cause, unsent });
}

function unsent(error: CallError): CallError {
  return new CallError(error.code, error.details, { cause: error, unsent: true });
}

/** Where a name has several addresses, each has its reason. */
function wordsOf(error: Error): string {
  const errors: unknown = 'errors' in error ? error.errors : undefined;
  return error.message || (Array.isArray(errors) ? errors.map(String).join('; ') : error.name);
}

/** Source: gRPC over HTTP/2, errors. */
function resetError(code: number): CallError {
  switch (code) {
    case errorCode.refusedStream:
      return unavailable('the peer refused the stream', undefined, true);
    case errorCode.cancel:
      return new CallError(status.cancelled, 'the peer cancelled the stream');
    case errorCode.enhanceYourCalm:
      return new CallError(status.resourceExhausted, 'the peer wants fewer requests');
    default:
      return new CallError(status.internal, `the peer reset the stream with code ${code}`);
  }
}
