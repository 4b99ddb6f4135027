import { CallError, status } from './call-error.js';

/** Before each message: whether it is compressed, and its length. */
const prefixLength = 5;

/** A message as it is sent. */
export function prefixed(message: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(prefixLength + message.length);
  bytes[0] = 0;
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, prefixLength);
  return bytes;
}

/** Puts the messages of a stream together. Source: gRPC over HTTP/2. */
export class MessageReader {
  #parts: Buffer[] = [];
  #length = 0;

  /** @throws CallError where it is no message */
  read(bytes: Buffer, onMessage: (message: Buffer) => void): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    while (this.#length >= prefixLength) {
      const head = this.#atLeast(prefixLength);
      if (head[0] !== 0)
        throw new CallError(status.internal, 'a message is compressed, which nobody asked for');
      const end = prefixLength + head.readUInt32BE(1);
      if (this.#length < end) return;
      const whole = this.#atLeast(end);
      this.#parts[0] = whole.subarray(end);
      this.#length -= end;
      if (this.#length === 0) this.#parts = [];
      onMessage(whole.subarray(prefixLength, end));
    }
  }

  /** Whether it ends in the middle of a message. */
  get cutOff(): boolean {
    return this.#length > 0;
  }

  /** The first part, made so long where it is not. */
  #atLeast(length: number): Buffer {
    const [first = empty] = this.#parts;
    if (first.length >= length) return first;
    const joined = Buffer.concat(this.#parts);
    this.#parts = [joined];
    return joined;
  }
}

const empty = Buffer.alloc(0);
