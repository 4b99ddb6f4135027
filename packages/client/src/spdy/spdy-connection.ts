import type { Duplex } from 'node:stream';
import { HeaderReader, HeaderWriter, type SpdyHeaders } from './header-block.js';
import { SpdyStream, type StreamLink } from './spdy-stream.js';

const frame = {
  synStream: 1,
  synReply: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
};
const flagFin = 1;
/** Larger ones end the connection: clients of Kubernetes send 32 KiB at most. */
const largestFrame = 1 << 20;
const chunkSize = 32 * 1024;
const statusCancel = 5;

/**
 * SPDY/3.1 over any byte stream, either side: clients open streams, servers take them. As the library of Kubernetes'
 * own clients and servers (moby/spdystream) neither sends nor heeds window updates, flow is controlled by the
 * connection alone: a stream that is not read holds up the others.
 * Source: SPDY protocol draft 3.1, section 2.
 */
export class SpdyConnection implements StreamLink {
  /** Resolves when the connection has ended, for whatever reason. */
  readonly closed: Promise<void>;
  readonly #socket: Duplex;
  readonly #onStream: (stream: SpdyStream) => void;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #reader = new HeaderReader();
  readonly #writer = new HeaderWriter();
  #wakeReader: (() => void) | undefined;
  /** A client's streams are odd. */
  #nextStreamId = 1;

  /** Calls back for each stream that the other side opens. @default such streams are reset */
  constructor(socket: Duplex, onStream: (stream: SpdyStream) => void = (stream) => stream.destroy()) {
    this.#socket = socket;
    this.#onStream = onStream;
    this.closed = this.#run();
  }

  /** Opens a stream, as a client does. It may be written to at once. @throws Error when the connection is closed */
  async open(headers: SpdyHeaders): Promise<SpdyStream> {
    const id = this.#nextStreamId;
    this.#nextStreamId += 2;
    const stream = this.#add(id, headers);
    // The stream's id, then none that it belongs to, and no priority.
    const opened = Buffer.alloc(10);
    opened.writeUInt32BE(id);
    await this.#control(frame.synStream, 0, Buffer.concat([opened, this.#writer.write(headers)]));
    return stream;
  }

  close(): void {
    this.#socket.destroy();
    this.#wakeReader?.();
  }

  /** Ends the connection when what was written has left. */
  end(): void {
    if (this.#socket.writable) this.#socket.end();
  }

  async data(streamId: number, chunk: Buffer, last: boolean): Promise<void> {
    if (chunk.length === 0 && !last) return;
    for (let start = 0; start === 0 || start < chunk.length; start += chunkSize) {
      const piece = chunk.subarray(start, start + chunkSize);
      const head = Buffer.alloc(8);
      head.writeUInt32BE(streamId);
      head.writeUInt32BE(piece.length, 4);
      if (last && start + chunkSize >= chunk.length) head[4] = flagFin;
      await this.#send(Buffer.concat([head, piece]));
    }
  }

  reset(streamId: number): void {
    if (!this.#streams.delete(streamId) || !this.#socket.writable) return;
    const body = Buffer.alloc(8);
    body.writeUInt32BE(streamId);
    body.writeUInt32BE(statusCancel, 4);
    // A connection that has just ended needs no reset.
    this.#control(frame.reset, 0, body).catch(() => undefined);
  }

  wanted(): void {
    this.#wakeReader?.();
  }

  async #run(): Promise<void> {
    let failure: Error | undefined;
    this.#socket.on('error', (error) => {
      failure = error;
    });
    try {
      let rest: Buffer = Buffer.alloc(0);
      for await (const chunk of this.#socket as AsyncIterable<Buffer>) {
        rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
        while (rest.length >= 8) {
          const length = rest.readUIntBE(5, 3);
          if (length > largestFrame) throw new RangeError(`a SPDY frame of ${length} bytes is too large`);
          if (rest.length < 8 + length) break;
          const body = rest.subarray(8, 8 + length);
          if ((rest[0]! & 0x80) === 0) await this.#dataFrame(rest.readUInt32BE(0), rest[4]!, body);
          else await this.#controlFrame(rest.readUInt16BE(2), rest[4]!, body);
          rest = rest.subarray(8 + length);
        }
      }
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    } finally {
      this.#reader.close();
      for (const stream of this.#streams.values()) {
        // Each has its own listener for errors only while something works on it.
        if (stream.listenerCount('error') === 0) stream.on('error', () => undefined);
        stream.destroy(failure);
      }
      this.#streams.clear();
      this.#socket.destroy();
    }
  }

  async #dataFrame(id: number, flags: number, body: Buffer): Promise<void> {
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.destroyed) return;
    const more = body.length === 0 || stream.push(Buffer.from(body));
    if (flags & flagFin) stream.push(null);
    else if (!more)
      await new Promise<void>((resolve) => {
        const go = () => {
          stream.off('close', go);
          resolve();
        };
        this.#wakeReader = go;
        stream.once('close', go);
      });
  }

  async #controlFrame(type: number, flags: number, body: Buffer): Promise<void> {
    switch (type) {
      case frame.synStream: {
        const id = body.readUInt32BE(0) & 0x7fffffff;
        const stream = this.#add(id, await this.#reader.read(body.subarray(10)));
        const reply = Buffer.alloc(4);
        reply.writeUInt32BE(id);
        await this.#control(frame.synReply, 0, Buffer.concat([reply, this.#writer.write({})]));
        if (flags & flagFin) stream.push(null);
        this.#onStream(stream);
        return;
      }
      case frame.synReply:
      case frame.headers:
        // Nobody says anything in them; but they belong to the compression context.
        await this.#reader.read(body.subarray(4));
        return;
      case frame.reset: {
        const stream = this.#streams.get(body.readUInt32BE(0) & 0x7fffffff);
        stream?.push(null);
        return;
      }
      case frame.ping:
        await this.#control(frame.ping, 0, Buffer.from(body));
        return;
      case frame.goAway:
      case frame.settings:
      case frame.windowUpdate:
        return;
      default:
        throw new RangeError(`a SPDY frame of the unknown type ${type}`);
    }
  }

  #add(id: number, headers: SpdyHeaders): SpdyStream {
    const stream = new SpdyStream(id, headers, this);
    this.#streams.set(id, stream);
    stream.once('close', () => this.#streams.delete(id));
    return stream;
  }

  #control(type: number, flags: number, body: Buffer): Promise<void> {
    const head = Buffer.alloc(8);
    head.writeUInt16BE(0x8003);
    head.writeUInt16BE(type, 2);
    head.writeUInt32BE(body.length, 4);
    head[4] = flags;
    return this.#send(Buffer.concat([head, body]));
  }

  #send(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#socket.writable) return reject(new Error('the SPDY connection is closed'));
      this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }
}
