import type { Socket } from 'node:net';
import { flag, frameType, headLength, usualFrameSize, usualWindow, writeFrameHead } from './http2-frames.js';

const slabLength = 1 << 16;

/** The sending half of a stream. */
export interface SendingStream {
  readonly id: number;
  /** How many bytes the peer takes of it now. */
  window: number;
  /** What the peer has no room for yet. */
  readonly queue: { bytes: Buffer; readonly last: boolean }[];
}

/**
 * Writes frames to a connection: those of one turn of the event loop in one write, and no more data than the peer has
 * said that it takes. Source: RFC 9113, 5.2.
 */
export class FrameWriter {
  readonly #socket: Socket;
  /** Frames are written into it one behind the other; what is written belongs to the socket. */
  #slab = Buffer.allocUnsafeSlow(slabLength);
  #from = 0;
  #to = 0;
  #scheduled = false;
  #window = usualWindow;
  /** Streams with a queue, in the order in which they came to have one. */
  readonly #held = new Set<SendingStream>();
  /** The most that a frame may hold for the peer. */
  frameSize = usualFrameSize;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Bytes that are whole frames, or the preface. */
  bytes(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    this.#slab.set(bytes, at);
  }

  frame(type: number, flags: number, stream: number, payload: Uint8Array): void {
    const at = this.#reserve(headLength + payload.length);
    writeFrameHead(this.#slab, at, { type, flags, stream, length: payload.length });
    this.#slab.set(payload, at + headLength);
  }

  /** A block of header fields, in as many frames as it takes. */
  headers(stream: number, block: Buffer): void {
    let at = 0;
    do {
      const part = block.subarray(at, at + this.frameSize);
      const type = at === 0 ? frameType.headers : frameType.continuation;
      at += part.length;
      this.frame(type, at === block.length ? flag.endHeaders : 0, stream, part);
    } while (at < block.length);
  }

  /** Sends data, now or when the peer has room. */
  data(stream: SendingStream, bytes: Buffer, last: boolean): void {
    stream.queue.push({ bytes, last });
    if (stream.queue.length === 1) this.#send(stream);
  }

  /** The peer takes more of all streams. */
  enlarge(bytes: number): void {
    this.#window += bytes;
    for (const stream of [...this.#held]) this.#send(stream);
  }

  /** The peer takes more, or less, of one. */
  enlargeStream(stream: SendingStream, bytes: number): void {
    stream.window += bytes;
    this.#send(stream);
  }

  /** Nothing more is sent of it. */
  forget(stream: SendingStream): void {
    stream.queue.length = 0;
    this.#held.delete(stream);
  }

  #send(stream: SendingStream): void {
    for (let [next] = stream.queue; next !== undefined; [next] = stream.queue) {
      const { bytes, last } = next;
      const length = Math.max(0, Math.min(bytes.length, stream.window, this.#window, this.frameSize));
      if (length === 0 && bytes.length > 0) {
        this.#held.add(stream);
        return;
      }
      const whole = length === bytes.length;
      this.frame(frameType.data, whole && last ? flag.endStream : 0, stream.id, bytes.subarray(0, length));
      stream.window -= length;
      this.#window -= length;
      if (whole) stream.queue.shift();
      else next.bytes = bytes.subarray(length);
    }
    this.#held.delete(stream);
  }

  #reserve(length: number): number {
    if (this.#slab.length - this.#to < length) {
      this.#flush();
      this.#slab = Buffer.allocUnsafeSlow(Math.max(slabLength, length));
      this.#from = 0;
      this.#to = 0;
    }
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#flush();
      });
    }
    const at = this.#to;
    this.#to += length;
    return at;
  }

  #flush(): void {
    if (this.#from === this.#to || !this.#socket.writable) return;
    this.#socket.write(this.#slab.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }
}
