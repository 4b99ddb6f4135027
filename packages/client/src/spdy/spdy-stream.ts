import { Duplex } from 'node:stream';
import type { SpdyHeaders } from './header-block.js';

/** What a stream asks of its connection. */
export interface StreamLink {
  /** Resolves when the connection takes more. */
  data(streamId: number, chunk: Buffer, last: boolean): Promise<void>;
  reset(streamId: number): void;
  /** The reader has room again. */
  wanted(): void;
}

/** One stream of a SPDY connection. */
export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: SpdyHeaders;
  readonly #link: StreamLink;

  constructor(id: number, headers: SpdyHeaders, link: StreamLink) {
    super({ allowHalfOpen: true });
    this.id = id;
    this.headers = headers;
    this.#link = link;
  }

  override _read(): void {
    this.#link.wanted();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#link.data(this.id, chunk, false).then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#link.data(this.id, Buffer.alloc(0), true).then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (error !== null || !this.writableFinished) this.#link.reset(this.id);
    done(error);
  }
}
